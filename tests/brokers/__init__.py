"""The main scenarios once more, with another broker than Redis."""
