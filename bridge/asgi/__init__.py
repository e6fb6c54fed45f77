"""What every HTTP response of the web process shares: connection, body, request id, headers."""
