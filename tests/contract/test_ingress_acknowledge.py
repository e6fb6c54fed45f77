"""A 202 means that the event is stored, once."""

import asyncio
import socket
import threading
from contextlib import ExitStack
from typing import Any

import pytest

from bridge.broker.publisher import DRAIN
from bridge.web.app import build_app
from tests.support.sandbox import WAIT
from tests.support.valkey import Valkey, until
from tests.support.web_process import (
    ENDED,
    Published,
    Web,
    event,
    event_request,
    post_all_at_once,
    running_web,
    services_for,
)


def send_without_reading(web: Web, raw: bytes) -> socket.socket:
    """Return a connection on which an event was sent and no response read."""
    connection = socket.create_connection(web.address, timeout=WAIT)
    connection.sendall(event_request(raw))
    return connection


def is_listening(web: Web) -> bool:
    """Return whether new connections are accepted."""
    try:
        socket.create_connection(web.address, timeout=WAIT).close()
    except ConnectionError:
        return False
    return True


def test_a_new_event_is_acknowledged_with_an_empty_body(web: Web) -> None:
    """A new event gets 202 with an empty body, and is stored byte for byte."""
    response = web.wavv(ENDED)
    assert (response.status_code, response.content) == (202, b"")
    assert web.stored() == [ENDED]
    assert web.counted("events.received.wavv") == 1


def test_an_event_is_stored_with_where_it_came_from(web: Web) -> None:
    """An event is stored with source, raw bytes, time and request id."""
    web.wavv(ENDED, **{"X-Request-Id": "req-1"})
    rows: Any = web.services.redis.xrange(web.services.keys.inbox)
    ((_, fields),) = rows
    assert {b"source": b"wavv", b"raw": ENDED, b"request": b"req-1"}.items() <= fields.items()
    assert float(fields[b"at"]) == pytest.approx(web.services.now().timestamp(), abs=WAIT)


def test_a_duplicate_is_acknowledged_and_counted(web: Web) -> None:
    """A duplicate gets 202 and is counted; WAVV repeats the bytes with a new signature."""
    responses = [web.wavv(ENDED) for _ in range(3)]
    assert [(response.status_code, response.content) for response in responses] == [(202, b"")] * 3
    assert web.stored() == [ENDED]
    counted = [web.counted(f"events.{name}.wavv") for name in ("received", "duplicate")]
    assert counted == [1, 2]


def test_svix_re_sends_are_known_by_their_id(web: Web) -> None:
    """AskElephant's events are deduplicated by their svix-id, not by their bytes."""
    for message_id in ("msg_1", "msg_1", "msg_2"):
        assert web.elephant(b"{}", message_id).status_code == 202
    assert web.stored() == [b"{}", b"{}"]
    assert web.counted("events.duplicate.askelephant") == 1


def test_the_webhooks_deduplicate_separately(web: Web) -> None:
    """The same bytes from WAVV and from AskElephant are two events."""
    raw = b'{"event": "other", "type": "other"}'
    assert (web.wavv(raw).status_code, web.elephant(raw).status_code) == (202, 202)
    assert len(web.stored()) == 2


def test_a_refused_event_is_not_remembered_as_seen(web: Web) -> None:
    """A refused event is not remembered, so it is accepted when it comes corrected."""
    assert web.elephant(b"[]", "msg_1").status_code == 400
    assert web.elephant(b"{}", "msg_1").status_code == 202
    assert web.stored() == [b"{}"]


def test_50_identical_deliveries_at_once_are_one_event(web: Web) -> None:
    """Of 50 identical events at the same time one is stored."""
    assert post_all_at_once(web, [ENDED] * 50) == {202: 50}
    assert web.stored() == [ENDED]
    assert web.counted("events.duplicate.wavv") == 49


def test_500_events_at_once_are_all_stored_exactly_once(web: Web) -> None:
    """500 different events at the same time are stored once each."""
    bodies = [event(number) for number in range(500)]
    assert post_all_at_once(web, bodies) == {202: 500}
    assert sorted(web.stored()) == sorted(bodies)
    assert web.counted("events.received.wavv") == 500


def test_an_event_wakes_the_workers_and_many_do_so_with_few_messages(valkey_url: str) -> None:
    """One wake-up message covers all events that were stored before it."""
    with running_web(valkey_url) as web:
        post_all_at_once(web, [event(number) for number in range(100)])
    assert set(web.published.tasks) == {(DRAIN,)}
    assert 1 <= len(web.published.tasks) < 100


def test_an_event_whose_sender_hung_up_is_stored(valkey: Valkey) -> None:
    """An accepted event is stored although its sender has closed the connection."""
    with running_web(valkey.url) as web:
        with valkey.paused():
            with send_without_reading(web, ENDED):
                valkey.wait_for_writers()
            assert web.client.get("/livez").status_code == 200
            assert web.stored() == []
        until(lambda: web.stored() == [ENDED])
        assert web.wavv(event(2)).status_code == 202


def test_a_shutdown_completes_accepted_requests(valkey: Valkey) -> None:
    """During a shutdown requests in progress get responses, and their events are stored."""
    bodies = [event(number) for number in range(20)]
    with ExitStack() as process, ExitStack() as connections:
        web = process.enter_context(running_web(valkey.url))
        with valkey.paused():
            sent = [connections.enter_context(send_without_reading(web, raw)) for raw in bodies]
            valkey.wait_for_writers()
            assert web.client.get("/livez").status_code == 200  # read after all that came before
            ending = threading.Thread(target=process.close)
            ending.start()
            until(lambda: not is_listening(web))
        responses = [connection.recv(1000) for connection in sent]
        ending.join()
    assert all(response.startswith(b"HTTP/1.1 202 ") for response in responses)
    assert sorted(web.stored()) == sorted(bodies)
    web.services.redis.close()


def test_a_short_shutdown_still_stores_events_and_wakes_workers(valkey_url: str) -> None:
    """Events are stored and workers woken also if uvicorn's grace ends before their responses."""
    services = services_for(valkey_url, {})

    async def live_and_end() -> None:
        app = build_app(services, valkey_url)
        async with app.router.lifespan_context(app):
            adding = asyncio.create_task(app.state.commit.add("wavv", "key", ENDED, 1.0, "req-1"))
            await asyncio.sleep(0)
            adding.cancel()

    asyncio.run(live_and_end())
    assert isinstance(services.publisher, Published)
    assert (services.inbox.backlog().waiting, services.publisher.tasks) == (1, [(DRAIN,)])
    services.redis.close()
