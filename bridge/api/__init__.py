"""The API that tells where a call is, and why."""
