"""Parses the body of a webhook as one JSON object, or raises an error with a reason.

Rejected is what different JSON parsers read differently: duplicate keys, NaN and deep nesting
(https://www.rfc-editor.org/rfc/rfc8259). Limits of depth and digits bound the cost of a hostile
body.
"""

import json
import math
import re
from typing import Any, NoReturn

from bridge.errors import MalformedBodyError
from bridge.reasons import Reason

DEPTH_LIMIT = 64
DIGITS_LIMIT = 30
"""Longer integers are returned as text, because parsing them needs quadratic time:
https://nvd.nist.gov/vuln/detail/CVE-2020-10735
"""

_STRUCTURE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{\]}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXPECTED = "Send one JSON object in UTF-8."


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object in ``raw``, with lone surrogates replaced by U+FFFD.

    An object inside a JSON string is also accepted, because some senders encode their body twice.

    Raises ``MalformedBodyError`` with the reason ``empty_body``, ``not_utf8``, ``not_json``,
    ``not_an_object``, ``too_deep``, ``duplicate_key`` or ``not_finite``.
    """
    if not raw.strip():
        raise MalformedBodyError(Reason.EMPTY_BODY, f"The body is empty. {_EXPECTED}")
    try:
        text = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        detail = f"The body is not UTF-8 (byte {error.start}). {_EXPECTED}"
        raise MalformedBodyError(Reason.NOT_UTF8, detail) from None
    _check_depth(text)
    value = _parsed(text)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        _check_depth(value)
        value = _parsed(value)
    if not isinstance(value, dict):
        raise MalformedBodyError(
            Reason.NOT_AN_OBJECT, f"The body is JSON, but not an object. {_EXPECTED}"
        )
    has_surrogates = "\\u" in text and _SURROGATE_ESCAPE.search(text) is not None
    clean: dict[str, Any] = _without_surrogates(value) if has_surrogates else value
    return clean


def _check_depth(text: str) -> None:
    """Raise ``MalformedBodyError`` if the text is nested too deep for a recursive parser."""
    if text.count("[") + text.count("{") <= DEPTH_LIMIT:
        return
    depth = 0
    for token in _STRUCTURE.finditer(text):
        first = text[token.start()]
        depth += (first in "[{") - (first in "]}")
        if depth > DEPTH_LIMIT:
            detail = f"The body is nested deeper than {DEPTH_LIMIT} levels. Send a flatter object."
            raise MalformedBodyError(Reason.TOO_DEEP, detail)


def _parsed(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        detail = f"The body is not JSON: {error.msg}, line {error.lineno} column {error.colno}."
        raise MalformedBodyError(Reason.NOT_JSON, f"{detail} {_EXPECTED}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for key, value in pairs:
        if key in known:
            detail = f"The key {key[:50]!a} occurs twice in one object. Send it once."
            raise MalformedBodyError(Reason.DUPLICATE_KEY, detail)
        known[key] = value
    return known


def _not_finite(literal: str) -> NoReturn:
    detail = f"The body holds {literal}, which is not JSON. Send null, or leave the key out."
    raise MalformedBodyError(Reason.NOT_FINITE, detail)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _not_finite("a number beyond 1e308")


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
    parse_int=lambda digits: int(digits) if len(digits) <= DIGITS_LIMIT else digits,
)
"""Created once, because ``json.loads`` with a hook creates a new decoder each time."""
