"""The body of ``POST /v2/engagements``, checked against each limit that AskElephant documents.

Sources: https://docs.askelephant.ai/api-reference/engagements/create-engagement and
https://docs.askelephant.ai/dialer-integration.
"""

import re
import socket
from contextlib import suppress
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bridge.domain.emails import is_email
from bridge.domain.links import BLOCKED_SCHEMES
from bridge.reasons import Reason

TRANSCRIPT_CHARACTERS = 900_000
TRANSCRIPT_BYTES = 950_000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_E164 = re.compile(r"\+(?:1[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{6,14})")
"""An E.164 number. Under +1, area codes and exchanges begin with 2 to 9:
https://en.wikipedia.org/wiki/North_American_Numbering_Plan#Numbering_plan
"""
_LOCAL_NAMES = ("localhost", ".localhost", ".local", ".internal")


def is_media_url(url: str) -> bool:
    """Return whether AskElephant accepts ``url`` as the link to a recording."""
    try:
        check_media_url(url)
    except PydanticCustomError:
        return False
    return True


def check_media_url(url: str) -> str:
    """Return ``url`` if AskElephant accepts it as the link to a recording.

    Raises ``PydanticCustomError`` if the scheme is not https, or if the host is a private or local
    address: https://docs.askelephant.ai/api-reference/engagements/create-engagement
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme.lower() != "https" or not host:
        raise PydanticCustomError(Reason.MEDIA_URL_NOT_HTTPS, "media_url must be an https URL")
    host = host.lower().rstrip(".")
    is_local = host.endswith(_LOCAL_NAMES)
    with suppress(OSError, ValueError):  # the host is a name
        try:
            address: IPv4Address | IPv6Address = ip_address(host)
        except ValueError:  # resolvers also read 127.1, 0x7f.1 and 2130706433 as the loopback
            address = IPv4Address(socket.inet_aton(host))
        is_local = not address.is_global
    if is_local:
        raise PydanticCustomError(
            Reason.MEDIA_URL_PRIVATE, "media_url must not point at a private or local address"
        )
    return url


def check_external_url(url: str) -> str:
    """Return ``url`` if it has a scheme that cannot run code; else raise a validation error."""
    match = _SCHEME.match(url)
    if match is None:
        raise PydanticCustomError(
            Reason.EXTERNAL_URL_INVALID, "external_url must start with a scheme"
        )
    if match.group()[:-1].lower() in BLOCKED_SCHEMES:
        raise PydanticCustomError(Reason.EXTERNAL_URL_BLOCKED, "external_url has a blocked scheme")
    return url


def is_e164(text: str) -> bool:
    """Return whether ``text`` has the form of an E.164 number, such as ``+14155550100``."""
    return _E164.fullmatch(text) is not None


def check_email(text: str) -> str:
    """Return ``text`` if it is one e-mail address; else raise ``PydanticCustomError``."""
    if not is_email(text):
        raise PydanticCustomError("email_invalid", "email must be one e-mail address")
    return text


def check_phone(text: str) -> str:
    """Return ``text`` if it is an E.164 number; else raise ``PydanticCustomError``."""
    if not is_e164(text):
        raise PydanticCustomError("phone_invalid", "phone must be an E.164 number")
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Participant(_Strict):
    """A person on the call. At most one participant owns the engagement."""

    name: str | None = None
    email: Annotated[str, AfterValidator(check_email)] | None = None
    phone: Annotated[str, AfterValidator(check_phone)] | None = None
    is_owner: bool | None = None


class EngagementRequest(_Strict):
    """The body of the request that creates an engagement.

    If ``is_private`` is ``None``, the default of the AskElephant workspace applies.
    """

    type: Literal["CALL"] = "CALL"
    title: Annotated[str, Field(min_length=1, max_length=500)]
    source_system: Annotated[str, Field(min_length=1, max_length=100)] = "wavv"
    external_id: Annotated[str, Field(min_length=1, max_length=500)]
    media_url: Annotated[str, AfterValidator(check_media_url)]
    external_url: Annotated[str, AfterValidator(check_external_url)]
    run_workflows: bool
    start_at: datetime | None = None
    is_private: bool | None = None
    transcript: Annotated[str, Field(max_length=TRANSCRIPT_CHARACTERS)] | None = None
    participants: tuple[Participant, ...] = ()

    @model_validator(mode="after")
    def _within_limits(self) -> Self:
        if sum(bool(participant.is_owner) for participant in self.participants) > 1:
            raise PydanticCustomError("owners_many", "at most one participant may be the owner")
        if self.transcript is not None and len(self.transcript.encode()) > TRANSCRIPT_BYTES:
            raise PydanticCustomError("transcript_too_long", "transcript is over 950,000 bytes")
        return self

    def members(self) -> dict[str, Any]:
        """Return the fields of the JSON body as Python values. Fields with ``None`` are omitted."""
        return self.model_dump(mode="json", exclude_none=True)

    def body(self) -> bytes:
        """Return the JSON body. Fields with ``None`` are omitted."""
        return self.model_dump_json(exclude_none=True).encode()
