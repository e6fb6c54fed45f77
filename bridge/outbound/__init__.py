"""HTTP requests to both APIs, sent side by side, each bounded in time and response size."""
