"""Runs the whole bridge on one machine: its processes, and an embedded Valkey if wanted."""
