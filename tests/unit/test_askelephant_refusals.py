"""Tests for the field that a 4xx response of AskElephant blames: owner, recording or another."""

from typing import Any

import pytest

from bridge.domain.retry import Trouble
from tests.support.askelephant_responses import refused


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "members",
    [
        {"errors": [{"field": "participants[0]", "code": "owner_not_found", "message": "?"}]},
        {"errors": [{"field": "participants", "message": "The owner is not an active user"}]},
        {"errors": [{"field": ["participants", 0, "is_owner"], "code": "invalid"}]},
        {"errors": [{"field": "title"}, {"field": "owner", "code": "unknown"}]},
        {"detail": "Owner could not be resolved"},
        {"errors": [{"path": ["participants", 0, "is_owner"], "message": "invalid"}]},
        {"errors": [{"source": {"pointer": "/data/attributes/participants/0/is_owner"}}]},
        {"detail": [{"loc": ["body", "participants", 0], "msg": "must be a workspace user"}]},
        {"errors": {"participants.0.email": ["is not an active user"]}},
        {"errors": {"participants": {"0": {"is_owner": ["is invalid"]}}}},
        {"message": "The owner is not an active workspace user"},
        {"message": ["owner must be a user"], "error": "Bad Request", "statusCode": 400},
        {"error": {"message": "Unknown owner", "type": "invalid_request"}},
        {"error": {"message": "invalid", "param": "owner_id"}},
        {"error": "owner_not_found"},
    ],
)
def test_an_unresolvable_owner_is_recognised(status: int, members: dict[str, Any]) -> None:
    """Each form of an owner error is recognised, so that the call is resent without its owner."""
    outcome = refused(status, **members)
    assert (outcome.trouble, outcome.problem.reason) == (Trouble.OWNER, "owner_unresolvable")


@pytest.mark.parametrize(
    ("status", "members"),
    [
        (422, {"errors": [{"field": "participants.1.email", "message": "not an e-mail"}]}),
        (422, {"errors": [{"field": "title"}], "detail": "The owner is fine"}),
        (410, {"errors": [{"field": "owner", "code": "owner"}]}),
    ],
)
def test_the_owner_is_not_blamed_for_other_fields(status: int, members: dict[str, Any]) -> None:
    """An error of another field rejects the call and does not drop its owner."""
    assert refused(status, **members).trouble is Trouble.REJECTED


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    "members",
    [
        {"errors": [{"field": "media_url", "code": "unreachable", "message": "status 403"}]},
        {"errors": [{"field": "body.mediaUrl"}, {"field": ["media", "type"]}]},
        {"errors": [{"field": "media_url", "message": "the owner of the bucket refuses"}]},
        {"errors": [{"field": "recording", "message": "is empty"}]},
        {"errors": [{"code": "invalid_media_url"}]},
        {"errors": [{"message": "The recording could not be downloaded"}]},
        {"errors": "audio could not be read"},
        {"detail": "Failed to fetch media_url: 404"},
        {"detail": "no audio/* or video/* at this address"},
        {"errors": [{"path": "media_url", "message": "unreachable"}]},
        {"errors": [{"loc": ["body", "media_url"], "msg": "unreachable", "type": "value_error"}]},
        {"errors": [{"param": "media_url", "msg": "unreachable"}]},
        {"errors": [{"pointer": "/media_url"}]},
        {"errors": [{"pointer": "#/media_url"}]},
        {"errors": [{"source": {"pointer": "/data/attributes/media_url"}, "detail": "gone"}]},
        {"errors": {"media_url": ["could not be fetched"]}},
        {"errors": {"MediaUrl": "could not be fetched"}},
        {"media_url": ["could not be fetched"]},
        {"detail": [{"loc": ["body", "media_url"], "msg": "unreachable", "type": "value_error"}]},
        {"issues": [{"path": ["media_url"], "message": "unreachable", "code": "custom"}]},
        {"error": {"fieldErrors": {"media_url": ["unreachable"]}, "formErrors": []}},
        {"message": "media could not be downloaded"},
        {"error": "media_unreachable"},
        {"error": {"code": "invalid", "message": "could not fetch the recording"}},
        {"error": {"message": "unreachable", "param": "media_url"}},
        {"message": ["media_url must be reachable"], "statusCode": 422},
    ],
)
def test_a_recording_that_is_not_ready_is_recognised(status: int, members: dict[str, Any]) -> None:
    """Each form of a recording error is recognised, so that the call waits for a fresh link."""
    outcome = refused(status, **members)
    assert (outcome.trouble, outcome.problem.reason) == (Trouble.MEDIA, "recording_not_ready")


@pytest.mark.parametrize(
    ("status", "members"),
    [
        (422, {}),
        (422, {"title": "Unsupported media", "errors": [{"field": "title"}]}),
        (422, {"errors": [{"field": "media_url"}, {"field": "title"}]}),
        (422, {"errors": [{"field": "external_url", "message": "is no link to a recording"}]}),
        (422, {"errors": [{"field": "media_url"}, {"message": "too long"}]}),
        (422, {"detail": "must be sent immediately to an intermediate host"}),
        (422, {"detail": "the record is invalid"}),
        (410, {"errors": [{"field": "media_url"}]}),
        (415, {"title": "Unsupported", "detail": "Unsupported media type"}),
    ],
)
def test_the_recording_is_not_blamed_for_other_fields(status: int, members: dict[str, Any]) -> None:
    """An error of another field rejects the call at once instead of waiting."""
    assert refused(status, **members).trouble is Trouble.REJECTED


def test_an_owner_is_dropped_before_a_recording_is_awaited() -> None:
    """With owner and recording refused, the owner is dropped first."""
    outcome = refused(422, errors=[{"field": "media_url"}, {"field": "owner"}])
    assert outcome.trouble is Trouble.OWNER


@pytest.mark.parametrize(
    ("members", "blamed"),
    [
        ({"errors": [{"field": "participants[1].email"}]}, ("participants[1].email",)),
        ({"errors": [{"field": "participants.1.email"}]}, ("participants[1].email",)),
        ({"errors": [{"path": ["participants", 1, "email"]}]}, ("participants[1].email",)),
        ({"errors": [{"pointer": "/participants/1/eMail"}]}, ("participants[1].e_mail",)),
        (
            {"errors": [{"source": {"pointer": "/data/attributes/participants/1/phone"}}]},
            ("participants[1].phone",),
        ),
        ({"detail": [{"loc": ["body", "participants", 1, "email"]}]}, ("participants[1].email",)),
        ({"errors": {"participants[1].email": ["bad"]}}, ("participants[1].email",)),
        ({"errors": {"participants": [{}, {"email": ["bad"]}]}}, ("participants[1].email",)),
        ({"detail": "participants[1].email is not an address"}, ("participants[1].email",)),
        ({"message": "participants.1.phone is bad"}, ("participants[1].phone",)),
        ({"errors": [{"field": "title"}, {"field": "title"}]}, ("title",)),
        ({"detail": "invalid"}, ()),
    ],
)
def test_the_blamed_fields_are_named_as_the_request_names_them(
    members: dict[str, Any], blamed: tuple[str, ...]
) -> None:
    """Every notation of a field's path gives the path of the request."""
    assert refused(422, **members).blamed_fields == blamed


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        ({"message": "Title too long"}, "Title too long"),
        ({"error": "nope"}, "nope"),
        ({"error": {"message": "Too long", "code": "x"}}, "Too long"),
        ({"message": ["one", "two"]}, "one; two"),
        ({"errors": {"title": ["too long"]}}, None),
    ],
)
def test_the_text_of_a_refusal_is_kept(members: dict[str, Any], detail: str | None) -> None:
    """The error's text is kept under whichever key it comes."""
    assert refused(422, **members).problem.detail == detail
