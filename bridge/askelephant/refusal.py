"""Reads the errors in the JSON of a 4xx response (a refusal), in any shape: fields and messages.

AskElephant documents ``application/problem+json`` with ``errors: [{field, code, message}]``
(https://docs.askelephant.ai/llms.txt). Other frameworks and versions use other names: ``path``,
``loc``, ``param``, ``pointer`` (https://datatracker.ietf.org/doc/html/rfc6901), ``source.pointer``
(https://jsonapi.org/format/#error-objects), a map from field to messages, or text alone.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

LONGEST_TEXT = 500
MOST_ERRORS = 50
DEEPEST = 6

PLACES = (
    "field", "path", "loc", "param", "pointer", "parameter", "property", "propertyPath",
    "attribute", "name", "key",
)  # fmt: skip
PATHS = ("field", "path", "loc")
"""The keys of ``PLACES`` whose value may be a list of the parts of the field's path."""

MESSAGES = ("message", "msg", "detail", "description", "reason", "error", "title")
CODES = ("code", "type", "rule", "keyword")
LISTS = (
    "errors", "error", "issues", "violations", "invalid_params", "invalid-params", "fieldErrors",
    "field_errors", "details", "detail", "message",
)  # fmt: skip
"""The keys under which refusals list their errors. The value of some keys may be text instead."""

SENT = frozenset(
    {
        "media_url", "external_url", "external_id", "participants", "transcript", "start_at",
        "is_private", "source_system", "run_workflows", "owner", "recording",
    }
)  # fmt: skip
"""The fields of our request. A refusal with one of these keys maps fields to messages."""

TEXT_KEYS = ("detail", "message", "error_description", "error", "reason")
WRAPPERS = frozenset({"body", "data", "attributes", "request", "payload", "json", "engagement", ""})
_PART = re.compile(r"[^.\[\]/]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NAMED = re.compile(r"participants?(?:\[|[./])(\d+)\]?[./](\w+)", re.IGNORECASE)


def text_of(value: object) -> str | None:
    """Return the first 500 characters of a text, or ``None`` if ``value`` is no text."""
    if isinstance(value, list):
        value = ".".join(str(part) for part in value if isinstance(part, str | int))
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return value[:LONGEST_TEXT] or None if isinstance(value, str) else None


def detail_of(members: Mapping[str, Any]) -> str | None:
    """Return the message of a refusal, from its top level or else from its ``error`` object."""
    for key in TEXT_KEYS:
        value = members.get(key)
        if isinstance(value, str) and value:
            return text_of(value)
        texts = value if isinstance(value, list) and key != "detail" else []
        if texts and all(isinstance(item, str) for item in texts):
            return text_of("; ".join(texts))
    inner = members.get("error")
    return detail_of(inner) if isinstance(inner, dict) else None


def field_errors(members: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return each error of a refusal as ``{field, code, message}``. Absent members are left out.

    A field is a path with dots, such as ``participants.1.email``.
    """
    listed = (
        error
        for key in LISTS
        for error in _errors_in(members.get(key), is_text_list=key == "errors", depth=0)
    )
    fields = {key: value for key, value in members.items() if canonical(str(key)) in SENT}
    found: list[dict[str, str]] = []
    # A body may be megabytes.
    for error in islice(chain(listed, _mapped(fields, "", 0)), 4 * MOST_ERRORS):
        if error not in found:
            found.append(error)
    return found[:MOST_ERRORS]


def blamed_fields(errors: Sequence[Mapping[str, str]], detail: str | None) -> tuple[str, ...]:
    """Return the paths of the fields with errors, in the form ``participants[1].email``.

    If no error has a field, return the fields that the messages mention.
    """
    fields = [canonical(error["field"]) for error in errors if error.get("field")]
    texts = " ".join([*(error.get("message", "") for error in errors), detail or ""])
    if not fields:
        fields = [f"participants[{place}].{name.lower()}" for place, name in _NAMED.findall(texts)]
    return tuple(dict.fromkeys(field for field in fields if field))


def canonical(field: str) -> str:
    """Convert a field's path to the form of our request: ``participants[1].email``.

    ``/data/participants/1/Email`` becomes the same path: wrappers are removed, case is ignored.
    """
    path = ""
    parts = _PART.findall(field)
    while parts and parts[0].lower() in WRAPPERS | {"$"}:
        parts.pop(0)
    for part in parts:
        if part.isdecimal():
            path += f"[{part}]"
        else:
            name = _HUMP.sub("_", part).lower()
            path += f".{name}" if path else name
    return path


def _errors_in(value: object, *, is_text_list: bool, depth: int) -> Iterator[dict[str, str]]:
    """Yield the errors in a value. If ``is_text_list``, each text in a list is an error."""
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            if isinstance(item, str) and is_text_list:
                yield {"message": item[:LONGEST_TEXT]}
            elif isinstance(item, dict):
                yield from _errors_in(item, is_text_list=is_text_list, depth=depth + 1)
    elif isinstance(value, dict):
        yield from _of_object(value, depth)
        for key in LISTS:
            inner = value.get(key)
            if isinstance(inner, list | dict):
                yield from _errors_in(inner, is_text_list=is_text_list, depth=depth + 1)
    elif isinstance(value, str) and is_text_list and value:
        yield {"message": value[:LONGEST_TEXT]}


def _of_object(value: Mapping[str, Any], depth: int) -> Iterator[dict[str, str]]:
    """Yield the error that an object describes, or the errors of a map from fields to messages."""
    source, members = value.get("source"), (value.get(key) for key in (*PLACES, *MESSAGES, *CODES))
    has_path = isinstance(source, dict) or any(isinstance(value.get(key), list) for key in PATHS)
    if not has_path and not any(isinstance(member, str | int) for member in members):
        yield from _mapped(value, "", depth)
        return
    places = {**value, **source} if isinstance(source, dict) else value
    error = {
        "field": _first(places, PLACES),
        "code": _first(value, CODES),
        "message": _first(value, MESSAGES),
    }
    known = {key: text for key, text in error.items() if text is not None}
    if "field" in known and known["field"].startswith(("/", "#/")):
        known["field"] = known["field"].lstrip("#/").replace("/", ".")
    if known:
        yield known


def _first(value: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((text for key in keys if (text := text_of(value.get(key)))), None)


def _mapped(value: Mapping[str, Any], under: str, depth: int) -> Iterator[dict[str, str]]:
    """Yield the errors of a map from a field to its message, messages, error, or inner map."""
    for key, member in value.items():
        if key in LISTS and isinstance(member, list | dict):
            continue  # ``_errors_in`` reads the errors under this key
        yield from _of_field(f"{under}.{key}" if under else str(key), member, depth)


def _of_field(field: str, member: object, depth: int) -> Iterator[dict[str, str]]:
    """Yield the errors of one field in a map from fields to messages."""
    if isinstance(member, str):
        yield {"field": field[:LONGEST_TEXT], "message": member[:LONGEST_TEXT]}
    elif isinstance(member, dict) and not _is_text(member):
        yield from _mapped(member, field, depth + 1) if depth < DEEPEST else ()
    elif isinstance(member, dict):
        message = _first(member, MESSAGES)
        yield {"field": field[:LONGEST_TEXT]} | ({"message": message} if message else {})
    elif isinstance(member, list) and depth < DEEPEST:
        for place, item in enumerate(member):
            of_item = isinstance(item, dict) and not _is_text(item)
            yield from _of_field(f"{field}.{place}" if of_item else field, item, depth + 1)


def _is_text(value: Mapping[str, Any]) -> bool:
    """Return whether the value of a field is an error with a message, and not an inner map."""
    return any(isinstance(value.get(key), str) for key in ("message", "msg", "detail", "code"))
