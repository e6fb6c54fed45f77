"""Scenarios: the real processes, driven over HTTP only."""
