"""What is kept in Redis: calls, the inbox, the brake, leases, counters."""
