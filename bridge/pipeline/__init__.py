"""Does the work on calls: handles their events, submits them, fetches insights, and sweeps.

The Celery tasks of the package ``tasks`` run these functions.
"""
