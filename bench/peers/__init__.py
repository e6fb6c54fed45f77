"""The peers: small applications that a user might build instead of the bridge, for the same job.

They run in an environment without the bridge, so only the floor imports it.
"""
