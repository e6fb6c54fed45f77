"""Raises ``ImportError`` when a library has changed a part that the bridge overrides.

docs/patches.md lists each override: its purpose, upstream link, test, and when it can be removed.
"""

from collections.abc import Mapping
from dis import get_instructions
from importlib.metadata import version
from inspect import isfunction, signature, unwrap
from typing import Any


def guard_patch(module: str, owner: Any, members: Mapping[str, str | None]) -> None:  # noqa: ANN401 - a class or a module
    """Raise ``ImportError`` unless ``owner`` has the members that ``module`` overrides or reads.

    ``owner`` is a class or module of the library. ``members`` maps the name of a method to its
    parameters (``"self, queue"``), and the name of an attribute to ``None``.
    """
    for name, parameters in members.items():
        if not hasattr(owner, name) and not (parameters is None and _is_assigned(owner, name)):
            raise _changed(module, owner, name, "is gone")
        if parameters is None:
            continue
        found = ", ".join(signature(getattr(owner, name)).parameters)
        if found != parameters:
            raise _changed(module, owner, name, f"has the parameters ({found}), not ({parameters})")


def _is_assigned(owner: Any, name: str) -> bool:  # noqa: ANN401 - as above
    """Return whether a method of the class ``owner`` assigns the instance attribute ``name``."""
    classes = getattr(owner, "__mro__", ())
    members = [member for cls in classes for member in vars(cls).values() if isfunction(member)]
    return any(
        instruction.opname == "STORE_ATTR" and instruction.argval == name
        for method in map(unwrap, members)
        if name in method.__code__.co_names
        for instruction in get_instructions(method)
    )


def _changed(module: str, owner: Any, name: str, change: str) -> ImportError:  # noqa: ANN401 - as above
    home = getattr(owner, "__module__", owner.__name__)
    library = home.partition(".")[0]
    return ImportError(
        f"{owner.__name__}.{name} of {library} {version(library)} {change}, and {module} relies on "
        "it. Install the versions of requirements.lock, or adapt the patch as docs/patches.md says."
    )
