"""AskElephant's client against the sandbox: submissions, reads and refusals."""

from datetime import timedelta

import pytest

from bridge.askelephant.models import EXPANDABLE, LISTS, TEXTS
from bridge.domain.retry import Trouble
from bridge.simulator.askelephant import SandboxOptions, Timings
from tests.support.askelephant_client import (
    JANE,
    STRANGER,
    OneByOne,
    failed,
    made,
    open_client,
    request_for,
)
from tests.support.sandbox import Sandbox, running_sandbox

INSTANT = Timings(media_fetch=0, pending=0, processing=0, insights_first=0, insights_last=0)


def test_a_call_that_is_submitted_twice_is_one_engagement(client: OneByOne) -> None:
    """The second submission of a call gets the first engagement, and is marked as not created."""
    first = made(client.create(request_for()))
    again = made(client.create(request_for(title="Another", external_url="wavv://call/2")))
    assert (first.created, again.created) == (True, False)
    assert (again.id, again.title, again.external_url) == (
        first.id, "Call with Jane Doe", "wavv://call/1",
    )  # fmt: skip
    assert first.processing_status == "PENDING"
    assert (first.request_id or "").startswith("req_")


def test_another_calls_engagement_is_known_by_its_link(client: OneByOne) -> None:
    """The link shows that an engagement is another call's; responses have no external_id."""
    found = made(client.create(request_for("a~collision")))
    assert (found.created, found.external_url == "wavv://call/1") == (False, False)


def test_every_field_reaches_askelephant(client: OneByOne, sandbox: Sandbox) -> None:
    """Every field of a request reaches AskElephant, and unset fields are left out."""
    client.create(request_for(is_private=False, transcript="Hello.", participants=(JANE,)))
    (one,) = sandbox.settled()["engagements"]
    assert one["request"] == {
        "type": "CALL",
        "title": "Call with Jane Doe",
        "source_system": "wavv",
        "external_id": "wavv-call-1",
        "media_url": "https://recordings.example.com/1.mp3",
        "external_url": "wavv://call/1",
        "run_workflows": True,
        "is_private": False,
        "transcript": "Hello.",
        "participants": [
            {"name": "Jane Doe", "email": "jane@customer.example", "phone": "+14155550100"}
        ],
    }


def test_all_eight_expansions_come_as_what_they_are(client: OneByOne, sandbox: Sandbox) -> None:
    """All eight expansions are read in their types: lists, texts, and the owner."""
    one = made(client.create(request_for()))
    sandbox.settled()
    read = made(client.read(one.id))
    assert read.processing_status == "COMPLETED"
    assert set(read.insights) == set(EXPANDABLE)
    assert all(read.insights[name] for name in EXPANDABLE)
    assert all(isinstance(read.insights[name], list) for name in LISTS)
    assert all(isinstance(read.insights[name], str) for name in TEXTS)
    assert read.insights["owner"]["email"] == "alice@dialer.example"


@pytest.mark.parametrize("name", EXPANDABLE)
def test_only_requested_expansions_are_read(sandbox: Sandbox, name: str) -> None:
    """Only the requested expansions are in the result; others are absent, not empty."""
    with open_client(sandbox, expand=(name,)) as client:
        one = made(client.create(request_for()))
        assert one.insights == {}
        assert set(made(client.read(one.id)).insights) == {name}
    (read,) = [one for one in sandbox.journal()["requests"] if one["method"] == "GET"]
    assert read["query"] == f"expand={name}"


def test_responses_with_more_or_fewer_fields_are_read(client: OneByOne, sandbox: Sandbox) -> None:
    """Responses with unknown fields, unknown types or only required fields are read."""
    marked = made(client.create(request_for("a~unknown-fields+unknown-data-types+sparse-answers")))
    assert (marked.external_url, marked.created) == (None, True)
    sandbox.settled()
    types = {one["data_type"] for one in made(client.read(marked.id)).insights["signals"]}
    assert {"TIME_SERIES", "VOID"} <= types


SUBMISSIONS = [
    ("throttle-seconds", Trouble.THROTTLED, "throttled", 429, True),
    ("throttle-date", Trouble.THROTTLED, "throttled", 429, True),
    ("throttle-garbage", Trouble.THROTTLED, "throttled", 429, True),
    ("throttle-bare", Trouble.THROTTLED, "throttled", 429, True),
    ("error-before-commit", Trouble.TRANSIENT, "askelephant_error", 500, True),
    ("error-after-commit", Trouble.TRANSIENT, "askelephant_error", 500, False),
    ("conflict", Trouble.TRANSIENT, "askelephant_conflict", 409, True),
    ("garbage-json", Trouble.TRANSIENT, "askelephant_answer_unreadable", 200, False),
    ("reset", Trouble.TRANSIENT, "askelephant_unreachable", None, False),
]


@pytest.mark.parametrize(("behaviour", "trouble", "reason", "status", "created"), SUBMISSIONS)
def test_a_failure_that_passes_has_its_kind(
    client: OneByOne,
    behaviour: str,
    trouble: Trouble,
    reason: str,
    status: int | None,
    *,
    created: bool,
) -> None:
    """A failure that passes has its kind and reason, and the next attempt succeeds."""
    request = request_for(f"a~{behaviour}")
    failure = failed(client.create(request))
    assert (failure.trouble, failure.problem.reason, failure.problem.status) == (
        trouble, reason, status,
    )  # fmt: skip
    assert made(client.create(request)).created is created


@pytest.mark.parametrize(
    ("form", "least", "most"),
    [("seconds", 2, 2), ("date", 1, 3), ("garbage", None, None), ("bare", None, None)],
)
def test_the_wait_of_a_throttle_is_read_in_both_forms(
    client: OneByOne, form: str, least: float | None, most: float | None
) -> None:
    """``Retry-After`` is read as seconds and as a date; any other value is ignored."""
    wait = failed(client.create(request_for(f"a~throttle-{form}"))).retry_after
    if least is None or most is None:
        assert wait is None
    else:
        assert wait is not None
        assert timedelta(seconds=least) <= wait <= timedelta(seconds=most)


@pytest.mark.parametrize(("behaviour", "status"), [("reject", 422), ("bad-request", 400)])
def test_a_refusal_keeps_every_field_error(client: OneByOne, behaviour: str, status: int) -> None:
    """A refusal keeps every field error and the request id."""
    failure = failed(client.create(request_for(f"a~{behaviour}")))
    problem = failure.problem
    assert (failure.trouble, problem.reason) == (Trouble.REJECTED, "rejected")
    assert problem.status == status
    assert [(one["field"], one["code"]) for one in problem.errors] == [
        ("title", "rejected"), ("media_url", "rejected"),
    ]  # fmt: skip
    assert (problem.request_id or "").startswith("req_")


def test_an_unknown_owner_is_a_separate_kind_of_failure(client: OneByOne) -> None:
    """An unknown owner is a separate kind of failure, and makes nothing."""
    failure = failed(client.create(request_for(participants=(JANE, STRANGER))))
    assert (failure.trouble, failure.problem.reason) == (Trouble.OWNER, "owner_unresolvable")
    assert failure.problem.errors[0]["field"] == "participants.1"
    assert made(client.create(request_for(participants=(JANE,)))).created


def test_a_host_that_serves_no_recording_is_blamed_on_the_media(client: OneByOne) -> None:
    """A link without a recording behind it is a failure of the media."""
    failure = failed(client.create(request_for(media_url="https://recordings.example.com/a.zip")))
    assert (failure.trouble, failure.problem.reason) == (Trouble.MEDIA, "recording_not_ready")
    assert [one["field"] for one in failure.problem.errors] == ["media_url"]


def test_a_slow_fetch_times_out_and_is_found_by_the_next_try() -> None:
    """A slow download times out, and the next attempt finds the engagement."""
    request = request_for("a~slow-media.0.4")
    with running_sandbox(SandboxOptions(scale=1, timings=INSTANT)) as sandbox:
        with open_client(sandbox, read_timeout=0.1) as hasty:
            failure = failed(hasty.create(request))
        with open_client(sandbox, read_timeout=10) as patient:
            found = made(patient.create(request))
        assert len(sandbox.journal()["engagements"]) == 1
    assert (failure.trouble, failure.problem.reason) == (Trouble.TRANSIENT, "askelephant_timeout")
    assert not found.created


@pytest.mark.parametrize(
    ("behaviour", "trouble", "reason", "status"),
    [
        ("read-missing", Trouble.MISSING, "engagement_missing", 404),
        ("read-error", Trouble.TRANSIENT, "askelephant_error", 500),
        ("read-throttled", Trouble.THROTTLED, "throttled", 429),
        ("read-garbage", Trouble.TRANSIENT, "askelephant_answer_unreadable", 200),
    ],
)
def test_a_failed_read_has_its_kind(
    client: OneByOne, behaviour: str, trouble: Trouble, reason: str, status: int
) -> None:
    """A failed read has its kind and reason, and the next read succeeds."""
    one = made(client.create(request_for(f"a~{behaviour}")))
    failure = failed(client.read(one.id))
    assert (failure.trouble, failure.problem.reason) == (trouble, reason)
    assert failure.problem.status == status
    assert made(client.read(one.id)).id == one.id


def test_an_engagement_that_is_not_there_is_missing(client: OneByOne) -> None:
    """A read of an unknown engagement is a missing one, with the problem's text."""
    failure = failed(client.read("ngmt_0"))
    assert (failure.trouble, failure.problem.detail) == (Trouble.MISSING, "engagement not found")
