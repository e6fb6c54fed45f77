"""Sends HTTP requests to AskElephant's and WAVV's API, with limits of time and response size."""
