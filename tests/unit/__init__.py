"""Pure and fast: no socket, no clock, no process."""
