"""The ingress: it authenticates an event, checks it, stores it, and then sends the response."""
