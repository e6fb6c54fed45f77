"""WAVV's side: its events in, told to be who they are, and made into what the domain knows."""
