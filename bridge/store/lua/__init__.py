"""The few steps that must be atomic, as Lua scripts: one file each, loaded by name."""

from importlib.resources import files


def script(name: str) -> str:
    """Return the text of ``name``.lua."""
    return files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
