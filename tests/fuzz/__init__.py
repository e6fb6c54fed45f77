"""Hostile inputs, many of them, against everything that reads what strangers send."""
