"""The benchmark (``make bench``): compares the bridge with other implementations of its job."""
