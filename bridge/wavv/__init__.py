"""Everything about WAVV: authenticates and reads its events, and requests recordings' links."""
