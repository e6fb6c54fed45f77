"""Checks of the body of ``POST /v2/engagements``, as AskElephant's documentation describes them.

The checks follow the documentation (https://docs.askelephant.ai/llms.txt) and do not use
``bridge.domain``, so that they find mistakes in it. ``shape_errors`` lead to a 400 ("check required
fields and field formats"), ``rule_errors`` to a 422 ("blocked URL scheme, invalid media_url").
Undocumented keys are accepted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bridge.simulator.askelephant.shapes import FieldError
from bridge.simulator.askelephant.stamps import read_time
from bridge.simulator.askelephant.urls import external_url_error, media_url_error

REQUIRED = ("type", "title", "source_system", "external_id", "media_url", "run_workflows")
TEXT_LIMITS = {"title": 500, "source_system": 100, "external_id": 500}
KINDS = (
    *((name, bool, "true or false") for name in ("run_workflows", "is_private")),
    *((name, str, "a string") for name in ("media_url", "external_url", *TEXT_LIMITS)),
)
"""Each field with its required type, and the text that describes the type in an error message."""

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
"""The form of e-mails and phones that the behaviour ``check-people`` accepts. An e-mail's host must
not end in ``.invalid`` (RFC 2606).
"""


def shape_errors(body: Body) -> list[FieldError]:
    """Return an error for each field of the body that is missing, or has a wrong type or length."""
    missing = [name for name in REQUIRED if body.get(name) is None]
    errors = [_error(name, "required", "is required") for name in missing]
    errors += _field_errors(body)
    if (start_at := body.get("start_at")) is not None:
        try:
            read_time(start_at)
        except (TypeError, ValueError):
            errors.append(_error("start_at", "invalid_datetime", "must be an ISO 8601 time"))
    if (transcript := body.get("transcript")) is not None:
        if not isinstance(transcript, str):
            errors.append(_error("transcript", "invalid_type", "must be a string"))
        elif len(transcript) > TRANSCRIPT_CHARACTERS or len(transcript.encode()) > TRANSCRIPT_BYTES:
            errors.append(_error("transcript", "too_long", "is longer than the limit"))
    return [*errors, *_participant_errors(body)]


def rule_errors(body: Body) -> list[FieldError]:
    """Return an error for each rule that the body breaks. The body has no shape errors.

    The owner is checked elsewhere, because that check needs the users of the workspace.
    """
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
    """Return an error for each malformed e-mail or phone of a participant.

    Only the behaviour ``check-people`` uses this check: AskElephant does not document one.
    """
    return [
        _error(f"participants[{index}].{name}", f"invalid_{name}", f"is not {description}")
        for index, person in enumerate(body.get("participants") or ())
        for name, (form, description) in FORMS.items()
        if person.get(name) is not None and not form.fullmatch(person[name])
    ]


def _error(field: str, code: str, message: str) -> FieldError:
    return FieldError(field=field, code=code, message=f"{field} {message}")


def _field_errors(body: Body) -> Iterator[FieldError]:
    """Yield an error for each plain field of a wrong type or length."""
    if body.get("type") is not None and body["type"] not in TYPES:
        yield _error("type", "invalid_enum_value", f"must be one of {', '.join(TYPES)}")
    for name, kind, description in KINDS:
        if body.get(name) is not None and not isinstance(body[name], kind):
            yield _error(name, "invalid_type", f"must be {description}")
    for name, limit in TEXT_LIMITS.items():
        value = body.get(name)
        if isinstance(value, str) and not 1 <= len(value) <= limit:
            yield _error(name, "invalid_length", f"must have 1 to {limit} characters")


def _participant_errors(body: Body) -> Iterator[FieldError]:
    people = body.get("participants")
    if people is None:
        return
    if not isinstance(people, list):
        yield _error("participants", "invalid_type", "must be a list")
        return
    for index, person in enumerate(people):
        field = f"participants.{index}"
        if not isinstance(person, dict):
            yield _error(field, "invalid_type", "must be an object")
            continue
        for name in ("name", "email", "phone"):
            if not isinstance(person.get(name), str | None):
                yield _error(f"{field}.{name}", "invalid_type", "must be a string")
        if not isinstance(person.get("is_owner"), bool | None):
            yield _error(f"{field}.is_owner", "invalid_type", "must be true or false")
