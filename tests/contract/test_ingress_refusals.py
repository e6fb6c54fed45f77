"""Refused events: all are counted, and those with a valid signature are kept."""

import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from bridge.ingress.receive import KEPT_REFUSED, MOST_NOTING
from tests.support.sandbox import WAIT
from tests.support.web_process import ENDED, WAVV, Web, problem_in, sent, signed

NO_ID = b'{"event": "call.recorded", "data": {}}'


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (NO_ID, "no_call_id"),
        (b"\xff\x00", "not_utf8"),
        (b"[1]", "not_an_object"),
        (b'{"event": "call.ended", "data": {"id": "a\\nb"}}', "bad_call_id"),
    ],
)
def test_an_authentic_event_is_kept_whole_with_its_reason(
    web: Web, raw: bytes, reason: str
) -> None:
    """A refused event with a valid signature is kept whole with the reason."""
    problem_in(web.wavv(raw), 422 if "id" in reason else 400, reason)
    assert web.refused() == [("wavv", reason, raw)]
    assert web.counted(f"events.refused.{reason}") == 1
    assert (web.stored(), web.published.tasks) == ([], [])


@pytest.mark.parametrize(
    "raw",
    [
        b'{"event": "call.recorded", "data": {"id": "c-1", "seconds": NaN, "note": "\n"',
        b'{"event": "call.recorded", "data": {"id": "c-1", "note": "said "so""}}',
        b'{"event": "call.recorded", "data": {"id": "c-1", "note": "\xff"}}',
    ],
)
def test_a_refused_event_that_names_a_call_is_sent_to_it(web: Web, raw: bytes) -> None:
    """A refused event is noted once on the call that it names, and wakes the workers."""
    for _ in range(2):
        assert web.wavv(raw).status_code == 400
    (refusal,) = web.refusals()
    assert (refusal["call_id"], refusal["event"]) == ("c-1", "call.recorded")
    assert refusal["size"] == len(raw)
    assert web.stored() == []


def test_a_strangers_event_is_sent_to_no_call(web: Web) -> None:
    """A refused event without a valid signature is noted on no call."""
    raw = b'{"event": "call.recorded", "data": {"id": "c-1"'
    web.client.post(WAVV, content=raw, headers=sent(signed(raw, "whsec_strange")))
    assert web.refusals() == []


def test_askelephants_refused_events_are_kept_too(web: Web) -> None:
    """Refused events of AskElephant are kept under their own source."""
    problem_in(web.elephant(b"null"), 400, "not_an_object")
    assert web.refused() == [("askelephant", "not_an_object", b"null")]


@pytest.mark.parametrize(
    ("headers", "raw", "reason"),
    [
        (dict, ENDED, "signature_missing"),
        (dict, NO_ID, "signature_missing"),
        (lambda: signed(ENDED, "whsec_strange"), ENDED, "signature_mismatch"),
        (lambda: signed(ENDED) | {"Content-Type": "text/plain"}, ENDED, "content_type"),
        (dict, b"x" * 3_000_000, "too_large"),
    ],
)
def test_a_strangers_event_is_counted_and_not_kept(
    web: Web, headers: Callable[[], dict[str, str]], raw: bytes, reason: str
) -> None:
    """An event without a valid signature is counted, not kept, and its body is not examined."""
    response = web.client.post(WAVV, content=raw, headers=sent(headers()))
    assert response.json()["reason"] == reason
    assert web.counted(f"events.refused.{reason}") == 1
    assert (web.stored(), web.refused()) == ([], [])


def test_the_kept_ones_are_bounded(web: Web) -> None:
    """The number of kept events has a limit."""
    pipe = web.services.redis.pipeline(transaction=False)
    for _ in range(KEPT_REFUSED + 500):
        pipe.xadd(web.services.keys.refused, {"source": "wavv", "reason": "old", "raw": b""})
    pipe.execute()
    web.wavv(NO_ID)
    assert web.services.redis.xlen(web.services.keys.refused) <= KEPT_REFUSED + 100
    assert web.refused()[-1][1] == "no_call_id"


def test_many_refusals_do_not_use_up_the_connections_to_redis(web: Web) -> None:
    """Many refused events at the same time do not use up the connections to Redis."""
    unsigned = b"POST /webhooks/wavv HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    unsigned += b"Content-Length: 2\r\n\r\n{}"
    before = len(web.services.redis.client_list())
    with ExitStack() as exits:
        crowd = [
            exits.enter_context(socket.create_connection(web.address, timeout=WAIT))
            for _ in range(150)
        ]
        for stranger in crowd:
            stranger.sendall(unsigned)
        assert web.wavv(ENDED).status_code == 202
        assert {stranger.recv(12) for stranger in crowd} == {b"HTTP/1.1 401"}
    assert len(web.services.redis.client_list()) <= before + MOST_NOTING + 1
