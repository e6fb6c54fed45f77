"""The real processes, driven over HTTP only."""
