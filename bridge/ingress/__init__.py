"""The ingress: authenticates, checks and stores webhooks' events, and then sends the response."""
