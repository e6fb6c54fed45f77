"""The demo: sends 25 calls through the real processes, and polls them until all are as expected."""
