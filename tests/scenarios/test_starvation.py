"""Submissions that hang delay nothing else, with one worker."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bridge.domain.call import Kind
from bridge.simulator.wavv.samples import SampleCall
from config.broker import SUBMISSION_SLOTS, WORKER_THREADS
from tests.support.broker_messages import Messages
from tests.support.stack import Stack, sent_alone
from tests.support.waiting import wait_for

MORE_THAN_THREADS = WORKER_THREADS + 5
SOON = 10.0
"""Seconds: an idle machine needs one. Submissions hang until the last test is over."""

PATIENT = {
    "BRIDGE_ASKELEPHANT_TIMEOUT": "120",
    "BRIDGE_TRANSCRIPT_POLL_AFTER": "120",
    "BRIDGE_TRANSCRIPT_DEADLINE": "240",
    "BRIDGE_RECORDING_DEADLINE": "120",
}


@dataclass(frozen=True, slots=True)
class Crowd:
    """Calls whose submissions hang or wait, and one that was submitted before."""

    submitted: SampleCall
    calls: list[SampleCall]


@pytest.fixture(scope="module")
def patient(solo: Stack) -> Iterator[Stack]:
    """Give the worker timeouts that no test here reaches."""
    solo.restart("worker", **PATIENT)
    solo.wait_until_working()
    yield solo
    solo.restart("worker")


@pytest.fixture(scope="module")
def crowd(patient: Stack) -> Iterator[Crowd]:
    """Make more submissions hang than a worker has threads."""
    submitted = patient.bridge.send_call(patient.call("no-webhook"))
    patient.bridge.reaches(submitted, "submitted")
    patient.sandbox.control("faults", {"hang": True, "method": "POST"}).raise_for_status()
    calls = [sent_alone(patient) for _ in range(MORE_THAN_THREADS)]
    wait_for(lambda: _hanging(patient), lambda count: count >= SUBMISSION_SLOTS, "submissions hang")
    yield Crowd(submitted, calls)
    patient.sandbox.control("faults")
    for call in calls:
        patient.bridge.reaches(call, "complete")
        assert len(patient.engagements(call)) == 1


def test_an_event_is_visible_while_submissions_hang(patient: Stack, crowd: Crowd) -> None:
    """An event is processed while submissions hang."""
    call = patient.bridge.send_call(patient.call(), [Kind.STARTED])
    patient.bridge.reaches(call, "live", SOON)
    assert _hanging(patient) >= SUBMISSION_SLOTS
    patient.bridge.send_call(call, [Kind.ENDED, Kind.RECORDED])
    crowd.calls.append(call)


def test_a_sweep_ends_while_submissions_hang(patient: Stack, crowd: Crowd) -> None:
    """A sweep ends while submissions hang."""
    before = _last_sweep(patient)
    wait_for(lambda: _last_sweep(patient), lambda last: last != before, "a sweep ends", SOON)
    assert _hanging(patient) >= SUBMISSION_SLOTS
    assert crowd.calls


def test_calls_that_wait_for_a_place_are_few_messages(
    patient: Stack, crowd: Crowd, messages: Messages
) -> None:
    """Calls that wait for a place have few messages, because the sweep adds none."""
    before = _last_sweep(patient)
    wait_for(lambda: _last_sweep(patient), lambda last: last != before, "another sweep ends")

    def most() -> int:
        found = [*messages.waiting(), *messages.delayed()]
        named = Counter(argument for one in found for argument in one.arguments)
        return max((named[call.call_id] for call in crowd.calls), default=0)

    # A busy worker may read a message later than the sweep's grace, which is short here.
    wait_for(most, lambda count: count <= 2, "a call has two messages at most")


def test_insights_are_fetched_while_submissions_hang(patient: Stack, crowd: Crowd) -> None:
    """Insights are fetched while submissions hang."""
    external_id = f"wavv-call-{crowd.submitted.call_id}"
    patient.sandbox.control("resend", {"external_id": external_id}).raise_for_status()
    patient.bridge.reaches(crowd.submitted, "complete", SOON)
    assert _hanging(patient) >= SUBMISSION_SLOTS


def _hanging(stack: Stack) -> int:
    seen = stack.sandbox.journal()["requests"]
    return sum(one["method"] == "POST" and one["answered_at"] is None for one in seen)


def _last_sweep(stack: Stack) -> str:
    return str(stack.bridge.readiness()["checks"]["sweep"]["detail"])
