"""What is kept in Redis: calls, the inbox, the holds, leases, counters."""
