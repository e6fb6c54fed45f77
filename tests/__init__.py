"""Tests: unit (pure and fast), contract (one part, for real), scenarios (all processes)."""
