"""A directory for the ``PYTHONPATH`` of processes whose clock a fault steps."""
