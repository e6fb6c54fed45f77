"""The HTTP API for operators: it shows calls with their states and reasons, and replays them."""
