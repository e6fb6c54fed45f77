"""Runs all processes of the bridge on one machine, and a Valkey if the operator has no Redis."""
