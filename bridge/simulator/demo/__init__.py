"""The demo: 25 calls of every kind through the real processes, watched until each is at rest."""
