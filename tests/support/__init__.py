"""What several tests use: servers, clients, fixtures and sample data (see README.md)."""
