"""What can go wrong, by theme. ``table`` has them all."""
