"""The parts that all routes of the web process share: connection, body, request id, headers."""
