"""The demo: 25 calls through the real processes, polled until each is in its expected state."""
