"""Tests for tolerant reading: an odd member does not make AskElephant's response unreadable."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.askelephant.models import (
    EXPANDABLE,
    LISTS,
    Engagement,
    is_engagement_id,
    read_engagement,
    read_event,
    read_problem,
)
from bridge.askelephant.refusal import MOST_ERRORS

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = (*EXPANDABLE, *(set(Engagement.model_fields) - {"id"}))


def read(**members: object) -> Engagement:
    """Read an engagement with a valid id and these other members."""
    return read_engagement({"id": "ngmt_1", **members}, created=True, request_id="req_1")


def test_the_documented_response_is_read_whole() -> None:
    """Documented members are read with their types, and unknown ones are ignored."""
    engagement = read(
        title="Sales call",
        engagement_type="CALL",
        processing_status="PENDING",
        is_private=False,
        external_url="wavv://call/1",
        owner_user_id="usr_1",
        created_at="2026-05-13T14:00:00.000Z",
        a_new_member={"x": 1},
    )
    assert (engagement.title, engagement.processing_status) == ("Sales call", "PENDING")
    assert engagement.created_at is not None
    assert engagement.created_at.isoformat() == "2026-05-13T14:00:00+00:00"
    assert (engagement.created, engagement.request_id) == (True, "req_1")
    assert engagement.insights == {}


def test_enums_are_open() -> None:
    """An unknown status or type is read as text."""
    engagement = read(processing_status="ARCHIVED", engagement_type="FAX")
    assert (engagement.processing_status, engagement.engagement_type) == ("ARCHIVED", "FAX")


@pytest.mark.parametrize(
    "text",
    ["", "1", "ngmt_", "ngmt_a/b", "ngmt_a\n", "ngmt_é", "ngmt_..", " ngmt_a", "ngmt_" + "a" * 201],
)
def test_a_malformed_id_is_refused(text: str) -> None:
    """A malformed id raises, because the id becomes part of a URL."""
    assert not is_engagement_id(text)
    with pytest.raises(ValidationError):
        read(id=text)


@given(st.sampled_from(MEMBERS), ANY_JSON)
def test_no_value_of_an_optional_member_raises(name: str, value: object) -> None:
    """The engagement is read with any value of an optional member."""
    assert read(**{name: value}).id == "ngmt_1"


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("action_items", [{"id": "ai_1"}], [{"id": "ai_1"}]),
        ("action_items", [{"id": "ai_1"}, None, "x", 1], [{"id": "ai_1"}]),
        ("signals", [{"data_type": "NEW", "value": [1]}], [{"data_type": "NEW", "value": [1]}]),
        *[(key, None, []) for key in LISTS],
        *[(key, {"0": {}}, []) for key in LISTS],
        *[(key, "x", []) for key in LISTS],
        ("transcript", "Hello", "Hello"),
        ("transcript", None, None),
        ("transcript", ["Hello"], None),
        ("media_url", 5, None),
        ("owner", {"id": "usr_1"}, {"id": "usr_1"}),
        ("owner", "Alice", None),
    ],
)
def test_an_insight_of_the_wrong_type_is_empty(key: str, value: object, kept: object) -> None:
    """Items of the wrong type are dropped from an insight."""
    assert read(**{key: value}).insights == {key: kept}


def test_only_the_expanded_members_are_insights() -> None:
    """A member that was not requested is absent, and the response cannot set our own fields."""
    engagement = read(
        tags=[], insights={"forged": 1}, created="no", request_id=["x"], summary="not of the eight"
    )
    assert engagement.insights == {"tags": []}
    assert (engagement.created, engagement.request_id) == (True, "req_1")


@given(st.dictionaries(st.sampled_from(["title", "detail", "request_id", "errors"]), ANY_JSON))
def test_a_problem_of_any_json_is_read(members: dict[str, Any]) -> None:
    """A problem with members of any JSON is read, with a bounded detail."""
    problem = read_problem(members)
    assert len(problem.detail or "") <= 500


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        (None, []),
        ("media_url is bad", [{"message": "media_url is bad"}]),
        ({"field": "title"}, [{"field": "title"}]),
        (
            [{"field": "title", "code": "too_long", "message": "Too long", "more": 1}],
            [{"field": "title", "code": "too_long", "message": "Too long"}],
        ),
        ([{"field": ["participants", 0, "email"]}], [{"field": "participants.0.email"}]),
        ([{"field": {}, "code": 7, "message": True}, None, 3], [{"code": "7"}]),
    ],
)
def test_field_errors_are_kept_in_whatever_form_they_come(
    errors: object, expected: list[dict[str, str]]
) -> None:
    """Field errors are kept in each form that AskElephant may send."""
    problem = read_problem({"errors": errors})
    assert [error.model_dump(exclude_none=True) for error in problem.errors] == expected


def test_a_problem_is_bounded() -> None:
    """Detail, field names and the number of errors are bounded, since calls store them."""
    many = [{"field": "f" * 10_000, "code": str(number)} for number in range(1000)]
    problem = read_problem({"detail": "d" * 10_000, "errors": many})
    assert problem.detail == "d" * 500
    assert len(problem.errors) == MOST_ERRORS
    assert problem.errors[0].field == "f" * 500


def test_an_event_names_its_engagement() -> None:
    """The example event of AskElephant's guide is read with its engagement."""
    event = read_event(
        {
            "id": "evt_1",
            "type": "v1.engagement.transcript_timeline.completed",
            "api_version": "v1",
            "created_at": "2026-05-13T14:15:00.000Z",
            "workspace_id": "wrks_1",
            "data": {
                "object": {
                    "object": "engagement",
                    "id": "ngmt_1",
                    "processing_status": "COMPLETED",
                    "external_url": "wavv://call/1",
                }
            },
        }
    )
    assert (event.id, event.workspace_id) == ("evt_1", "wrks_1")
    assert event.engagement is not None
    assert event.engagement.id == "ngmt_1"
    assert event.engagement.external_url == "wavv://call/1"
    assert event.engagement.processing_status == "COMPLETED"


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"data": None},
        {"data": []},
        {"data": {"object": None}},
        {"data": {"object": {"object": "contact", "id": "cntc_1"}}},
        {"data": {"object": {"id": 5}}},
        {"engagement": {"id": "ngmt_1"}},
    ],
)
def test_an_event_about_something_else_has_no_engagement(members: dict[str, Any]) -> None:
    """An event of a contact or a company is read without an engagement."""
    assert read_event(members).engagement is None


@given(st.dictionaries(st.sampled_from(["id", "type", "created_at", "data"]), ANY_JSON))
def test_an_event_of_any_json_is_read(members: dict[str, Any]) -> None:
    """An event with members of any JSON is read and raises nothing."""
    read_event(members)
