"""The HTTP API for operators: shows calls with their states and reasons, and replays calls."""
