"""What is fast, measured against what: ``make bench``. Nothing of the bridge imports it."""
