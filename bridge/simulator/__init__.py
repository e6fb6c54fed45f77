"""Simulators of AskElephant and WAVV, and the demo. Never part of production."""
