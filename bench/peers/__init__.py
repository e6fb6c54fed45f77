"""The peers: what a user might build instead, each doing the same job, as small as is honest.

They run in an environment without the bridge, so nothing here imports it, but for the floor.
"""
