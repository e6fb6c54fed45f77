"""One part at a time against what it really talks to."""
