"""The steps of a call: load, decide, do, save. The package ``tasks`` decides when each runs."""
