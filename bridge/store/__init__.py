"""The data in Redis: calls, the inbox, holds, leases and counters."""
