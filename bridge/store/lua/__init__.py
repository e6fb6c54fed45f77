"""Lua scripts for changes in Redis that must be atomic: one file each, loaded by name."""

from importlib.resources import files


def script(*names: str) -> str:
    """Return the text of the files ``name``.lua, one after the other."""
    parts = (files(__package__).joinpath(f"{name}.lua") for name in names)
    return "".join(part.read_text(encoding="utf-8") for part in parts)
