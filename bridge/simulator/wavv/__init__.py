"""A simulator of WAVV: creates sample calls and their events, and sends the events."""
