"""A simulator of WAVV: sample calls, their events, and a sender of them."""
