"""The peers: small implementations of the bridge's job, which the benchmark compares with it.

Their environments do not contain the bridge. Only ``floor`` imports the bridge.
"""
