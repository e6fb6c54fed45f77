"""Redaction of log lines: removes keys, secrets and personal data from every line."""

import re
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

REDACTED = "[redacted]"

HARMLESS = frozenset(
    {
        "attempt",
        "call_id",
        "call_ids",
        "engagement_id",
        "entry",
        "level",
        "logger",
        "reason",
        "request_id",
        "svix_id",
        "task",
        "task_id",
        "timestamp",
    }
)
"""Log keys whose values are not redacted: ids and slugs of the bridge, which contain no secrets.

Without this exception, an id that looks like a phone number would be redacted.
"""

PRIVATE_KEY = re.compile(
    r"secret|token|password|api_?key|authorization|signature|phone|e_?mail|caller_?id|number"
    r"|(^|_)name$|(?-i:[a-z]Name$)|title|transcript|summary|note$",
    re.IGNORECASE,
)
PATTERNS = (
    (re.compile(r"sk-apik_\S+"), REDACTED),
    (re.compile(r"whsec_[A-Za-z0-9+/=_-]+"), REDACTED),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {REDACTED}"),
    (re.compile(r"(?i)\b(secret|token|password|api_?key)=[^\s\"'&]+"), rf"\1={REDACTED}"),
    (re.compile(r"(?<=://)[^/\s\"']+(?=@)"), REDACTED),
    (re.compile(r"(://[^\s?\"'<>]*)\?[^\s\"'<>]+"), rf"\1?{REDACTED}"),
    (re.compile(r"[\w.+%-]+@[\w-]+\.[\w.-]*\w"), REDACTED),
    (re.compile(r"\?[^\s=?\"'<>]+=[^\s\"'<>]*"), f"?{REDACTED}"),
)
DIGITS = re.compile(r"(?<![\w.-])(?<!\d:)\+?\(?\d[\d(). -]{7,16}\d(?![\w:]|\.\d|-\w)")
NO_PHONE = re.compile(r"\d+\.\d+|\d{4}-\d\d-\d\d.*|\d{1,3}(\.\d{1,3}){3}")
"""Matches decimal fractions, dates and IP addresses, which are not redacted as phone numbers."""


def redact(_logger: object, _method: str, line: MutableMapping[str, Any]) -> dict[str, Any]:
    """Redact a log line (structlog processor): replace personal data, keys and secrets.

    The values of the keys in ``HARMLESS`` stay unchanged.
    """
    return {key: _clean(key, value) for key, value in line.items()}


@lru_cache(maxsize=1024)
def redact_text(text: str) -> str:
    """Replace API keys, secrets, signed URL queries, e-mails and phone numbers in ``text``."""
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return DIGITS.sub(
        lambda found: found.group() if NO_PHONE.fullmatch(found.group()) else REDACTED, text
    )


@lru_cache(maxsize=1024)
def _is_private(key: str) -> bool:
    return PRIVATE_KEY.search(key) is not None


def _clean(key: str, value: Any) -> Any:  # noqa: ANN401 - a log value is anything
    if _is_private(key):
        return REDACTED
    if isinstance(value, dict):
        return {redact_text(str(inner)): _clean(str(inner), one) for inner, one in value.items()}
    if key in HARMLESS or value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(key, one) for one in value]
    return redact_text(str(value))
