"""Operators' templates: ``{call_id}`` and a few other plain names that can reach no further."""

from collections.abc import Collection, Mapping
from string import Formatter


def check_template(template: str, allowed: Collection[str]) -> str:
    """Return ``template`` if all its placeholders are allowed; raise ``ValueError`` if not."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        message = f"is not a template ({error}); write {{{{ and }}}} for literal braces"
        raise ValueError(message) from error
    for _, name, spec, conversion in parts:
        if name is not None and (name not in allowed or spec or conversion):
            known = ", ".join(f"{{{name}}}" for name in sorted(allowed))
            message = f"has the placeholder {{{name}}}; known are {known}"
            raise ValueError(message)
    return template


def render(template: str, values: Mapping[str, str]) -> str:
    """Fill in a checked template."""
    return template.format_map(values)
