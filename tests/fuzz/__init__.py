"""Fuzz tests: many malformed and hostile inputs for all code that reads external data."""
