"""The steps of a call: load, decide, do, save. What happens when and how often is in ``tasks``."""
