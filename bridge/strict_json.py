"""Reading a webhook's body: one JSON object, or an error that says what is wrong with it.

Strict where two readers could differ (RFC 8259 leaves duplicate keys, NaN and nesting to each
implementation), and bounded where a hostile body could hurt.
"""

import json
import math
import re
from typing import Any, NoReturn

from bridge.errors import MalformedBody
from bridge.reasons import Reason

DEPTH_LIMIT = 64
DIGITS_LIMIT = 30
"""Longer integers stay as their digits: reading them costs quadratic time (CVE-2020-10735)."""

_STRUCTURE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXPECTED = "Send one JSON object in UTF-8."


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the object in ``raw``, lone surrogates in it replaced by U+FFFD.

    An object inside a JSON string is read, too: some senders encode their body twice.

    Raises ``MalformedBody`` for ``empty_body``, ``not_utf8``, ``not_json``, ``not_an_object``,
    ``too_deep``, ``duplicate_key`` and ``not_finite``.
    """
    text = _decoded(raw)
    _check_depth(text)
    value = _parsed(text)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        _check_depth(value)
        value = _parsed(value)
    if not isinstance(value, dict):
        raise MalformedBody(
            Reason.NOT_AN_OBJECT, f"The body is JSON, but not an object. {_EXPECTED}"
        )
    clean: dict[str, Any] = _without_surrogates(value) if _has_surrogates(text) else value
    return clean


def _decoded(raw: bytes) -> str:
    if not raw.strip():
        raise MalformedBody(Reason.EMPTY_BODY, f"The body is empty. {_EXPECTED}")
    try:
        return raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        detail = f"The body is not UTF-8 (byte {error.start}). {_EXPECTED}"
        raise MalformedBody(Reason.NOT_UTF8, detail) from None


def _check_depth(text: str) -> None:
    """Count brackets outside of strings, before any recursive parser sees the text."""
    if text.count("[") + text.count("{") <= DEPTH_LIMIT:
        return
    depth = 0
    for token in _STRUCTURE.finditer(text):
        first = text[token.start()]
        depth += (first in "[{") - (first in "]}")
        if depth > DEPTH_LIMIT:
            detail = f"The body is nested deeper than {DEPTH_LIMIT} levels. Send a flatter object."
            raise MalformedBody(Reason.TOO_DEEP, detail)


def _parsed(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        detail = f"The body is not JSON: {error.msg}, line {error.lineno} column {error.colno}."
        raise MalformedBody(Reason.NOT_JSON, f"{detail} {_EXPECTED}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for key, value in pairs:
        if key in known:
            detail = f"The key {key[:50]!a} is there twice in one object. Send it once."
            raise MalformedBody(Reason.DUPLICATE_KEY, detail)
        known[key] = value
    return known


def _not_finite(literal: str) -> NoReturn:
    detail = f"The body holds {literal}, which is not JSON. Send null, or leave the key out."
    raise MalformedBody(Reason.NOT_FINITE, detail)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _not_finite("a number beyond 1e308")


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= DIGITS_LIMIT else text


def _has_surrogates(text: str) -> bool:
    return "\\u" in text and _SURROGATE_ESCAPE.search(text) is not None


def _without_surrogates(value: Any) -> Any:  # noqa: ANN401 - any JSON
    match value:
        case str():
            return _SURROGATE.sub("\ufffd", value)
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {_without_surrogates(key): _without_surrogates(value[key]) for key in value}
        case _:
            return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_not_finite,
    parse_float=_finite,
    parse_int=_integer,
)
"""Made once: ``json.loads`` makes one for every call that names a hook."""
