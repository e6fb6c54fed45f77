"""Tests for the mapping of a call to the engagement request."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.call import Call
from bridge.domain.mapping import Mapper, Unsubmittable, engagement_request
from tests.support.domain import AT, RECORDING, recorded_call
from tests.support.mapping import LEAD, MAPPER, map_call, request


def test_a_call_becomes_an_engagement_of_wavv() -> None:
    """The request carries type, source, title, ids, media and start as AskElephant documents."""
    made = request(recorded_call(**LEAD, started_at=AT))
    assert made.model_dump(exclude={"participants"}, exclude_none=True) == {
        "type": "CALL",
        "source_system": "wavv",
        "title": "Call with Jane Doe",
        "external_id": "wavv-call-c-1",
        "external_url": "wavv://call/c-1",
        "media_url": RECORDING,
        "run_workflows": True,
        "start_at": AT,
    }


@pytest.mark.parametrize(
    ("template", "metadata", "url"),
    [
        ("wavv://call/{call_id}", {}, "wavv://call/a%2Fb%20c%3Fd%23%C3%A9"),
        (
            "https://crm.example.com/{contact_id}",
            {"lead_id": "x/1"},
            "https://crm.example.com/x%2F1",
        ),
        ("https://crm.example.com/{contact_id}", {}, "https://crm.example.com/"),
        ("wavv://{{{call_id}}}", {}, "wavv://{a%2Fb%20c%3Fd%23%C3%A9}"),
        (
            "wavv://call/{call_id}",
            {"call_url": "https://d.example.com/1"},
            "https://d.example.com/1",
        ),
    ],
)
def test_the_link_back_is_wavvs_call_page_else_the_operators_template(
    template: str, metadata: dict[str, Any], url: str
) -> None:
    """``external_url`` is WAVV's call page, else the template with a quoted call id."""
    call = recorded_call(**metadata).but(call_id="a/b c?d#é")
    assert request(call, Mapper(external_url_template=template)).external_url == url


def test_external_ids_of_an_earlier_request_are_kept() -> None:
    """A changed template or a late call page leaves the ids of an earlier request unchanged."""
    call = recorded_call(call_url="https://dialer.example.com/late").but(
        external_id="old-c-1", external_url="wavv://old/c-1"
    )
    changed = Mapper(external_id_template="new-{call_id}", external_url_template="new://{call_id}")
    made = request(call, changed)
    assert (made.external_id, made.external_url) == ("old-c-1", "wavv://old/c-1")


def test_the_operators_templates_make_the_ids() -> None:
    """``external_id`` and title come from the operator's templates, without URL quoting."""
    mapper = Mapper(external_id_template="acme/{call_id}", title_template="{call_id} of {{acme}}")
    made = request(recorded_call().but(call_id="a/b"), mapper)
    assert (made.external_id, made.title) == ("acme/a/b", "a/b of {acme}")


@pytest.mark.parametrize(
    ("metadata", "start_at"),
    [
        ({"started_at": AT, "answered_at": AT + timedelta(seconds=9)}, AT),
        ({"answered_at": AT + timedelta(seconds=9)}, AT + timedelta(seconds=9)),
        ({"ended_at": AT, "seconds": 60}, AT - timedelta(seconds=60)),
        ({"ended_at": AT - timedelta(hours=1)}, AT - timedelta(hours=1)),
        ({}, AT),
    ],
    ids=["started", "answered", "ended-and-long", "ended", "first-heard"],
)
def test_a_start_is_always_sent(metadata: dict[str, Any], start_at: object) -> None:
    """``start_at`` is always sent, because AskElephant's default is the time of the request."""
    assert request(recorded_call(**metadata)).start_at == start_at


@pytest.mark.parametrize("is_private", [None, True, False])
@pytest.mark.parametrize("run_workflows", [True, False])
def test_privacy_and_workflows_are_the_operators_choice(
    *, is_private: bool | None, run_workflows: bool
) -> None:
    """``is_private`` is true, false or left out, as the operator set it."""
    mapper = replace(MAPPER, is_private=is_private, run_workflows=run_workflows)
    body = request(recorded_call(), mapper).model_dump(exclude_none=True)
    assert body.get("is_private") is is_private
    assert body["run_workflows"] is run_workflows


@pytest.mark.parametrize(("transcript", "sent"), [("Hello.", "Hello."), ("", None), (None, None)])
def test_a_transcript_of_wavv_is_sent(transcript: str | None, sent: str | None) -> None:
    """WAVV's transcript is sent unless it is empty."""
    assert request(recorded_call(transcript=transcript)).transcript == sent


@pytest.mark.parametrize(
    ("call", "mapper", "reason", "fields"),
    [
        (recorded_call(recording_url=None), MAPPER, "media_url_not_https", ["media_url"]),
        (recorded_call(recording_url="http://x"), MAPPER, "media_url_not_https", ["media_url"]),
        (
            recorded_call(recording_url="https://10.0.0.1"),
            MAPPER,
            "media_url_private",
            ["media_url"],
        ),
        (recorded_call().but(call_id="x" * 500), MAPPER, "request_invalid", ["external_id"]),
        (recorded_call(transcript="é" * 475_001), MAPPER, "request_invalid", [""]),
        (recorded_call(transcript="x" * 900_001), MAPPER, "request_invalid", ["transcript"]),
        (
            recorded_call(recording_url="https://127.1"),
            Mapper(external_url_template="data:,"),
            "media_url_private",
            ["media_url", "external_url"],
        ),
        (
            recorded_call(),
            Mapper(external_url_template="javascript:{call_id}"),
            "external_url_blocked",
            ["external_url"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_invalid_request_is_not_made(
    call: Call, mapper: Mapper, reason: str, fields: list[str]
) -> None:
    """The mapping returns ``Unsubmittable`` with the reason and every wrong field."""
    refused = engagement_request(call, mapper)
    assert isinstance(refused, Unsubmittable)
    assert refused.reason == reason
    assert [error["field"] for error in refused.errors] == fields
    assert all(error["code"] and error["message"] for error in refused.errors)
    assert call.metadata.recording_url is None or call.metadata.recording_url not in str(refused)


@pytest.mark.parametrize(
    "page", ["/calls/1", "crm.example/calls/1", "javascript:alert(1)", "Call: Jane", "data:,"]
)
def test_a_call_page_that_is_no_link_is_replaced_by_the_template(page: str) -> None:
    """An unusable call page is replaced by the template and noted once."""
    call = recorded_call(call_url=page, agent_id="u-1")
    mapped = map_call(call)
    assert (mapped.request.external_url, mapped.notes) == (
        "wavv://call/c-1",
        ("call_url_unusable",),
    )
    again = map_call(call.but(external_url="wavv://call/c-1"))
    assert again.notes == ()
