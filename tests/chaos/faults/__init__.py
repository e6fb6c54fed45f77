"""The faults by topic; ``table`` lists all of them."""
