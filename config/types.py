"""The types of settings, with validation: durations, lists, secrets, templates, URLs."""

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from string import Formatter
from typing import Annotated, Any, TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_settings import NoDecode

from config.sentinel import is_sentinel, read_sentinel
from config.tokens import read_tokens

T = TypeVar("T")
NAMESPACE = re.compile(r"[A-Za-z0-9_.-]{1,50}")
LONGEST = timedelta(days=3650)
LINK = re.compile(
    r"(?!(javascript|data|vbscript|blob|file):)(?![^:/]*:[0-9]+(/|$))[a-z][a-z0-9+.-]*:",
    re.IGNORECASE,
)
"""Matches the beginning of a link that AskElephant accepts: any scheme except the refused ones.

``host:port`` is not a scheme.
Refused schemes: https://docs.askelephant.ai/api-reference/engagements/create-engagement
"""


def _seconds(value: Any) -> Any:  # noqa: ANN401 - a validator sees what the operator wrote
    try:
        return timedelta(seconds=float(value))
    except (TypeError, ValueError):
        return value
    except OverflowError as error:
        raise ValueError("is too long a time") from error


def _require(is_valid: Callable[[T], object], problem: str) -> Callable[[T], T]:
    """Create a validator that raises ``ValueError`` with ``problem`` for an invalid value."""

    def check(value: T) -> T:
        if not is_valid(value):
            raise ValueError(problem)
        return value

    return check


def parts(value: Any) -> Any:  # noqa: ANN401 - a validator sees what the operator wrote
    """Split a comma-separated string. A list, which comes from TOML, is returned unchanged."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def from_json(value: Any) -> Any:  # noqa: ANN401 - a validator sees what the operator wrote
    """Parse a string from an environment variable as JSON. A value from TOML stays unchanged."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError("must be JSON here; bridge.toml can hold it as a table") from error


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate limit: at most ``requests`` requests in each period of length ``per`` (``60/m``)."""

    requests: int
    per: timedelta

    def __str__(self) -> str:
        """Return the rate in the form of a setting: ``60/m``."""
        return f"{self.requests}/{'smh'[PERIODS.index(self.per)]}"

    @property
    def apart(self) -> timedelta:
        """The time between two requests if they are spread evenly."""
        return self.per / self.requests


PERIODS = (timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1))
RATE = re.compile(r"([1-9][0-9]{0,5})/([smh])")


def _rate(value: Any) -> Any:  # noqa: ANN401 - a validator sees what the operator wrote
    written = RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if written:
        return Rate(int(written[1]), PERIODS["smh".index(written[2])])
    if value is None or isinstance(value, Rate):
        return value
    raise ValueError("must be requests per second, minute or hour, such as 10/s, 60/m or 1000/h")


def _blank_is_none(value: Any) -> Any:  # noqa: ANN401 - a validator sees what the operator wrote
    return None if isinstance(value, str) and not value.strip() else value


def _webhook_secrets(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    for secret in value:
        coded = secret.get_secret_value().removeprefix("whsec_")
        try:
            key = base64.b64decode(coded + "=" * (-len(coded) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not key:
            raise ValueError("must be whsec_ followed by base64, as Svix shows it")
    return value


def _api_tokens(value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    read_tokens(value)
    return value


def _region(value: str) -> str:
    import phonenumbers  # noqa: PLC0415 - its tables take a tenth of a second, and few set this

    if value not in phonenumbers.SUPPORTED_REGIONS:
        meant = {"UK": "; GB is the United Kingdom"}.get(value, ", such as US or GB")
        raise ValueError(f"must be a country's two letters of ISO 3166{meant}")
    return value


def _split(url: str) -> SplitResult:
    """Split a URL. The text of a raised ``ValueError`` omits the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        problem = "is not a URL; in a password, characters such as / @ [ ] must be percent-encoded"
        raise ValueError(problem) from None
    return parts


def _base_url(value: str) -> str:
    parts = _split(value.strip())
    try:
        is_loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        is_loopback = parts.hostname == "localhost"
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback)
    if not secure or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an https URL without a query (http only on the loopback)")
    return value.strip().rstrip("/")


def _url_of(*schemes: str) -> Callable[[str | None], str | None]:
    def check(value: str | None) -> str | None:
        if is_sentinel(value):
            read_sentinel(value or "")
            return value
        # Celery accepts several brokers, separated by semicolons:
        # https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-url
        if value is not None and any(_split(url).scheme not in schemes for url in value.split(";")):
            expected = " or ".join(f"{scheme}://" for scheme in (*schemes, "sentinel"))
            raise ValueError(f"must start with {expected}")
        return value

    return check


def _placeholders(allowed: Iterable[str], required: Iterable[str]) -> Callable[[str], str]:
    known = frozenset(allowed)

    def check(value: str) -> str:
        try:
            parts = list(Formatter().parse(value))
        except ValueError as error:
            raise ValueError(f"is not a template ({error}); write a literal brace twice") from error
        used = [name for _, name, _, _ in parts if name is not None]
        plain = all(not spec and not conversion for _, _, spec, conversion in parts)
        if not plain or not known.issuperset(used):
            listed = ", ".join(f"{{{name}}}" for name in sorted(known))
            raise ValueError(f"may only hold these placeholders: {listed}")
        if not set(required) <= set(used):
            raise ValueError("must hold " + ", ".join(f"{{{name}}}" for name in required))
        return value

    return check


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be an IANA time zone, such as America/New_York") from None
    return value


def _duration(value: object, read: ValidatorFunctionWrapHandler) -> timedelta:
    """Read a duration as pydantic does. The text of the error names the forms that can be read."""
    try:
        duration: timedelta = read(value)
    except ValueError:
        raise ValueError("must be seconds, or ISO 8601 such as PT30M") from None
    return duration


Duration = Annotated[
    timedelta,
    WrapValidator(_duration),
    BeforeValidator(_seconds),
    AfterValidator(
        _require(
            lambda time: timedelta(0) <= time <= LONGEST, "must be between 0 seconds and 10 years"
        )
    ),
]
PositiveDuration = Annotated[
    Duration, AfterValidator(_require(bool, "must be longer than 0 seconds"))
]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(parts)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(parts)]
WebhookSecrets = Annotated[Secrets, AfterValidator(_webhook_secrets)]
ApiTokens = Annotated[Secrets, AfterValidator(_api_tokens)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_blank_is_none)]
OptionalRate = Annotated[Rate | None, BeforeValidator(_rate), BeforeValidator(_blank_is_none)]
OptionalFlag = Annotated[bool | None, BeforeValidator(_blank_is_none)]
Namespace = Annotated[
    str,
    AfterValidator(
        _require(NAMESPACE.fullmatch, "must be 1 to 50 letters, digits, '.', '_' or '-'")
    ),
]
Timezone = Annotated[str, AfterValidator(_timezone)]
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$"), AfterValidator(_region)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
RedisUrl = Annotated[
    str | None,
    BeforeValidator(_blank_is_none),
    AfterValidator(_url_of("redis", "rediss")),
]
BrokerUrl = Annotated[
    str | None,
    BeforeValidator(_blank_is_none),
    AfterValidator(_url_of("redis", "rediss", "amqp", "amqps")),
]

TITLE_NAMES = frozenset(
    {"contact", "contact_name", "phone", "direction", "time", "agent", "call_id"}
)
TitleTemplate = Annotated[str, AfterValidator(_placeholders(TITLE_NAMES, ()))]
IdTemplate = Annotated[str, AfterValidator(_placeholders({"call_id"}, {"call_id"}))]
Link = Annotated[
    str,
    AfterValidator(
        _require(
            LINK.match,
            "must start with a scheme, such as https:// or wavv://, that runs no code",
        )
    ),
]
UrlTemplate = Annotated[Link, AfterValidator(_placeholders({"call_id", "contact_id"}, ()))]
EngagementUrlTemplate = Annotated[
    Link,
    AfterValidator(_placeholders({"engagement_id", "workspace_id"}, {"engagement_id"})),
]
WorkspaceId = Annotated[
    Annotated[str, Field(pattern=r"^wrks_[A-Za-z0-9]{1,100}$")] | None,
    BeforeValidator(_blank_is_none),
]
