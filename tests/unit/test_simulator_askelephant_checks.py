"""Tests for the sandbox's checks of a request, and for its users."""

import pytest
from pydantic import ValidationError

from bridge.simulator.askelephant import SandboxOptions, User
from bridge.simulator.askelephant.checks import rule_errors, shape_errors
from bridge.simulator.askelephant.options import ApiKey
from bridge.simulator.askelephant.people import owner_at, resolve
from bridge.simulator.askelephant.shapes import brackets, parts, pointer
from bridge.simulator.askelephant.urls import normalised
from tests.support.sandbox import a_call

USERS = (
    User(id="usr_1", email="alice@dialer.example", phone="+1 415 555 0111"),
    User(id="usr_2", email="bob@dialer.example", phone="+1 415 555 0122"),
    User(id="usr_3", email="gone@dialer.example", active=False),
    User(id="usr_4", name="no way to be known"),
)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("type", None, "required"),
        ("type", "FAX", "invalid_enum_value"),
        ("type", ["CALL"], "invalid_enum_value"),
        ("title", None, "required"),
        ("title", "", "invalid_length"),
        ("title", "x" * 501, "invalid_length"),
        ("title", 7, "invalid_type"),
        ("source_system", "x" * 101, "invalid_length"),
        ("external_id", "", "invalid_length"),
        ("external_id", "x" * 501, "invalid_length"),
        ("media_url", None, "required"),
        ("media_url", 7, "invalid_type"),
        ("external_url", 7, "invalid_type"),
        ("run_workflows", None, "required"),
        ("run_workflows", "true", "invalid_type"),
        ("is_private", "yes", "invalid_type"),
        ("start_at", "yesterday", "invalid_datetime"),
        ("start_at", 1778680800, "invalid_datetime"),
        ("start_at", "9999-12-31T23:59:59Z", "invalid_datetime"),
        ("transcript", 7, "invalid_type"),
        ("transcript", "x" * 900_001, "too_long"),
        ("transcript", "é" * 475_001, "too_long"),
        ("participants", {}, "invalid_type"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_by_field(
    field: str, value: object, code: str
) -> None:
    """Each field of a wrong type or size gives an error with the field and a code."""
    errors = shape_errors(a_call("a", **{field: value}))
    assert [(error["field"], error["code"]) for error in errors] == [(field, code)]


@pytest.mark.parametrize(
    ("person", "field"),
    [
        ("Alice", "participants.0"),
        ({"name": 7}, "participants.0.name"),
        ({"email": []}, "participants.0.email"),
        ({"phone": 14155550100}, "participants.0.phone"),
        ({"is_owner": "true"}, "participants.0.is_owner"),
    ],
)
def test_a_participant_of_the_wrong_shape_is_named(person: object, field: str) -> None:
    """The error's path names the participant and the field."""
    assert [error["field"] for error in shape_errors(a_call("a", participants=[person]))] == [field]


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "x" * 500},
        {"transcript": "x" * 900_000},
        {"transcript": "é" * 475_000},
        {"participants": None, "start_at": None, "external_url": None},
        {"participants": [{}]},
        {"start_at": "2026-05-13T16:00:00.123+02:00"},
        {"is_private": False},
        {"nobody_knows": {"this": ["key"]}},
        {"media_url": "https://203.0.114.9/a.wav"},
        {"media_url": "https://recordings.example.com/a.MP3?Signature=x.bin"},
        {"media_url": "https://recordings.example.com/recordings/019a"},
        {"external_url": "tel:+14155550100"},
        {"external_url": "http://dialer.example/calls/1"},
    ],
)
def test_a_body_within_the_limits_is_accepted(changes: dict[str, object]) -> None:
    """Values at the limits and unknown keys are accepted."""
    body = a_call("a", **changes)
    assert shape_errors(body) == []
    assert rule_errors(body) == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://recordings.example.com/a.mp3", "media_url_not_https"),
        ("ftp://recordings.example.com/a.mp3", "media_url_not_https"),
        ("https://", "media_url_not_https"),
        ("https://[::1/a.mp3", "media_url_not_https"),
        ("https://a.example:port/a.mp3", "media_url_not_https"),
        ("", "media_url_not_https"),
        ("https://localhost/a.mp3", "media_url_private_address"),
        ("https://LOCALHOST./a.mp3", "media_url_private_address"),
        ("https://files.internal/a.mp3", "media_url_private_address"),
        ("https://127.0.0.1/a.mp3", "media_url_private_address"),
        ("https://127.1/a.mp3", "media_url_private_address"),
        ("https://2130706433/a.mp3", "media_url_private_address"),
        ("https://0x7f000001/a.mp3", "media_url_private_address"),
        ("https://10.1.2.3/a.mp3", "media_url_private_address"),
        ("https://192.168.0.9:8443/a.mp3", "media_url_private_address"),
        ("https://169.254.169.254/latest/a.mp3", "media_url_private_address"),
        ("https://[::1]/a.mp3", "media_url_private_address"),
        ("https://[fe80::1]/a.mp3", "media_url_private_address"),
        ("https://[::ffff:10.0.0.1]/a.mp3", "media_url_private_address"),
        ("https://recordings.example.com/a.bin", "media_content_type"),
        ("https://recordings.example.com/a.html", "media_content_type"),
    ],
)
def test_media_that_cannot_be_fetched_is_refused(url: str, code: str) -> None:
    """A media URL must be https, public, and audio or video."""
    errors = rule_errors(a_call("a", media_url=url))
    assert [(error["field"], error["code"]) for error in errors] == [("media_url", code)]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("javascript:alert(1)", "external_url_blocked_scheme"),
        ("JavaScript:alert(1)", "external_url_blocked_scheme"),
        (" java\nscript:alert(1)", "external_url_blocked_scheme"),
        ("data:text/html,x", "external_url_blocked_scheme"),
        ("vbscript:x", "external_url_blocked_scheme"),
        ("blob:https://a.example/1", "external_url_blocked_scheme"),
        ("file:///etc/passwd", "external_url_blocked_scheme"),
        ("/calls/1", "external_url_invalid"),
        ("", "external_url_invalid"),
    ],
)
def test_an_external_url_that_could_do_harm_is_refused(url: str, code: str) -> None:
    """A blocked scheme is refused in any spelling."""
    errors = rule_errors(a_call("a", external_url=url))
    assert [(error["field"], error["code"]) for error in errors] == [("external_url", code)]


def test_two_owners_are_refused() -> None:
    """More than one owner is refused."""
    owners = [{"name": "A", "is_owner": True}, {"name": "B", "is_owner": True}]
    assert [error["code"] for error in rule_errors(a_call("a", participants=owners))] == [
        "multiple_owners"
    ]


@pytest.mark.parametrize(
    ("person", "user_id"),
    [
        ({"email": "ALICE@dialer.example "}, "usr_1"),
        ({"email": "bob@dialer.example", "phone": "+14155550111"}, "usr_2"),
        ({"email": "new@dialer.example", "phone": "+14155550111"}, "usr_1"),
        ({"phone": "1 (415) 555-0122"}, "usr_2"),
        ({"email": "gone@dialer.example"}, None),
        ({"name": "Alice"}, None),
        ({"email": "", "phone": ""}, None),
    ],
)
def test_an_owner_is_found_by_e_mail_and_then_by_phone(
    person: dict[str, str], user_id: str | None
) -> None:
    """The owner is the active user with the participant's e-mail, else with the phone."""
    found = resolve(person, USERS)
    assert (found and found.id) == user_id


@pytest.mark.parametrize(
    ("person", "known"),
    [
        ({"email": "anyone@dialer.example"}, True),
        ({"phone": "+14155550111"}, True),
        ({"email": "anyone@unknown.example"}, False),
        ({"email": "Anyone@Unknown.example", "phone": "+14155550111"}, False),
        ({"name": "Alice"}, False),
    ],
)
def test_without_a_list_of_users_all_but_the_unknown_are_users(
    person: dict[str, str], known: object
) -> None:
    """Without a list of users each participant is a user unless the domain is unknown.example."""
    assert (resolve(person, None) is not None) == known


def test_the_owner_is_the_participant_that_is_marked() -> None:
    """The owner is the participant with ``is_owner``, wherever it stands."""
    assert owner_at([{"name": "A"}, {"name": "B", "is_owner": True}]) == 1
    assert owner_at([{"name": "A", "is_owner": False}]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_secrets": []},
        {"webhook_secrets": ["secret"]},
        {"webhook_secrets": ["whsec_not base64!"]},
        {"scale": -1},
        {"scales": 1},
        {"api_keys": [{"id": "a", "secret": "b", "scopes": ["engagement:read"]}]},
    ],
)
def test_options_that_could_not_work_are_refused_at_once(wrong: dict[str, object]) -> None:
    """Options that cannot work, such as a misspelt scope, raise at construction."""
    with pytest.raises(ValidationError):
        SandboxOptions.model_validate(wrong)


def test_a_key_has_the_documented_form() -> None:
    """An API key has the form that the bridge checks at start."""
    assert ApiKey(id="abc", secret="xyz").token == "sk-apik_abc.xyz"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://CRM.Example.com", "https://crm.example.com/"),
        (
            "https://me:Pass@CRM.Example.com:8080/Path?q=A#B",
            "https://me:Pass@crm.example.com:8080/Path?q=A#B",
        ),
        ("wavv://Call", "wavv://call"),
        ("tel:+14155550100", "tel:+14155550100"),
        ("https://[", "https://["),
    ],
)
def test_a_normalised_link_differs_in_scheme_host_and_empty_path_only(
    url: str, expected: str
) -> None:
    """Normalising changes the case of scheme and host, and an empty path, only."""
    assert normalised(url) == expected


def test_a_field_has_one_name_in_each_notation() -> None:
    """Dots, brackets and JSON Pointers name the same field."""
    for field in ("participants.1.email", "participants[1].email"):
        assert parts(field) == ["participants", 1, "email"]
        assert pointer(field) == "/participants/1/email"
        assert brackets(field) == "participants[1].email"
