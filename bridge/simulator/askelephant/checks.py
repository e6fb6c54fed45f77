"""What AskElephant accepts in ``POST /v2/engagements``, checked on its own.

Written from the contract and not from ``bridge.domain``: a mistake made there is found here.
``shape_errors`` are the 400s ("check required fields and field formats"), ``rule_errors`` the 422s
("blocked URL scheme, invalid media_url"). Keys that nobody documented are accepted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.simulator.askelephant.shapes import FieldError
from bridge.simulator.askelephant.stamps import read_time
from bridge.simulator.askelephant.urls import external_url_error, media_url_error

REQUIRED = ("type", "title", "source_system", "external_id", "media_url", "run_workflows")
TEXT_LIMITS = {"title": 500, "source_system": 100, "external_id": 500}
FLAGS = ("run_workflows", "is_private")
TYPES = ("CALL", "MEETING")
TRANSCRIPT_CHARACTERS = 900_000
TRANSCRIPT_BYTES = 950_000

Body = Mapping[str, Any]
FORMS = {
    "email": (
        re.compile(r"[^\s@<>,;:()\"]+@[^\s@<>,;:()\"]+\.(?!invalid)[a-z]{2,}", re.IGNORECASE),
        "an e-mail address",
    ),
    "phone": (re.compile(r"\+[1-9]\d{7,14}"), "a phone number of E.164"),
}
"""What a server that checks participants accepts. No host is in ``.invalid`` (RFC 2606)."""


def shape_errors(body: Body) -> list[FieldError]:
    """Return what is missing, of the wrong type or of the wrong length."""
    return [
        *(_error(name, "required", "is required") for name in REQUIRED if body.get(name) is None),
        *_type_errors(body),
        *_text_errors(body),
        *_start_errors(body),
        *_transcript_errors(body),
        *_participant_errors(body),
    ]


def rule_errors(body: Body) -> list[FieldError]:
    """Return which rules a well-shaped body breaks, but for the owner, whom only users know."""
    errors = []
    if (code := media_url_error(body["media_url"])) is not None:
        errors.append(_error("media_url", code, "cannot be used as media"))
    external_url = body.get("external_url")
    if external_url is not None and (code := external_url_error(external_url)) is not None:
        errors.append(_error("external_url", code, "is not an accepted URL"))
    if sum(bool(person.get("is_owner")) for person in body.get("participants") or ()) > 1:
        errors.append(_error("participants", "multiple_owners", "at most one may be the owner"))
    return errors


def people_errors(body: Body) -> list[FieldError]:
    """Return which e-mails and phones of the participants are ill-formed.

    Whether AskElephant checks them is not documented: the behaviour ``check-people`` does.
    """
    return [
        _error(f"participants[{index}].{name}", f"invalid_{name}", f"is not {description}")
        for index, person in enumerate(body.get("participants") or ())
        for name, (form, description) in FORMS.items()
        if person.get(name) is not None and not form.fullmatch(person[name])
    ]


def _error(field: str, code: str, message: str) -> FieldError:
    return FieldError(field=field, code=code, message=f"{field} {message}")


def _type_errors(body: Body) -> Iterator[FieldError]:
    if body.get("type") is not None and body["type"] not in TYPES:
        yield _error("type", "invalid_enum_value", f"must be one of {', '.join(TYPES)}")
    for name in FLAGS:
        if body.get(name) is not None and not isinstance(body[name], bool):
            yield _error(name, "invalid_type", "must be true or false")
    for name in ("media_url", "external_url"):
        if body.get(name) is not None and not isinstance(body[name], str):
            yield _error(name, "invalid_type", "must be a string")


def _text_errors(body: Body) -> Iterator[FieldError]:
    for name, limit in TEXT_LIMITS.items():
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, str):
            yield _error(name, "invalid_type", "must be a string")
        elif not 1 <= len(value) <= limit:
            yield _error(name, "invalid_length", f"must have 1 to {limit} characters")


def _start_errors(body: Body) -> Iterator[FieldError]:
    if (value := body.get("start_at")) is None:
        return
    try:
        read_time(value)
    except (TypeError, ValueError):
        yield _error("start_at", "invalid_datetime", "must be an ISO 8601 time")


def _transcript_errors(body: Body) -> Iterator[FieldError]:
    if (value := body.get("transcript")) is None:
        return
    if not isinstance(value, str):
        yield _error("transcript", "invalid_type", "must be a string")
    elif len(value) > TRANSCRIPT_CHARACTERS or len(value.encode()) > TRANSCRIPT_BYTES:
        yield _error("transcript", "too_long", "is longer than the limit")


def _participant_errors(body: Body) -> Iterator[FieldError]:
    people = body.get("participants")
    if people is None:
        return
    if not isinstance(people, list):
        yield _error("participants", "invalid_type", "must be a list")
        return
    for index, person in enumerate(people):
        yield from _person_errors(f"participants.{index}", person)


def _person_errors(field: str, person: object) -> Iterator[FieldError]:
    if not isinstance(person, dict):
        yield _error(field, "invalid_type", "must be an object")
        return
    for name in ("name", "email", "phone"):
        if not isinstance(person.get(name), str | None):
            yield _error(f"{field}.{name}", "invalid_type", "must be a string")
    if not isinstance(person.get("is_owner"), bool | None):
        yield _error(f"{field}.is_owner", "invalid_type", "must be true or false")
