"""Finding calls by engagement, link, page and count."""

from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from bridge.domain.call import State
from bridge.store.lookup import MOST_SHARING, Lookup, Place
from tests.support.store import GRACE, NOW, Store

URL = "wavv://call/c-1"


def _at(hour: int) -> datetime:
    return NOW + timedelta(hours=hour)


def _listed(lookup: Lookup, **chosen: Any) -> list[str]:  # noqa: ANN401 - state or time
    query = {"state": None, "until": None, "since": None} | chosen
    return [call.call_id for _, call in lookup.newest(**query)]


def test_an_engagement_is_known_by_its_id(store: Store) -> None:
    """A call is found by its engagement's id, whatever the link is."""
    store.save("c-1", engagement_id="ngmt_1", external_url=URL)
    store.save("c-2", external_url="wavv://call/c-2")
    found = store.lookup.by_engagement("ngmt_1", "wavv://call/c-2")
    assert found is not None
    assert found.call_id == "c-1"


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([{"external_url": URL}], True),
        ([{"external_url": "wavv://call/c-2"}], False),
        ([{"external_url": URL}, {"external_url": URL}], False),
        ([{"external_url": URL, "engagement_id": "ngmt_9"}], False),
        ([{"external_url": URL}, {"external_url": URL, "engagement_id": "ngmt_9"}], True),
        ([{"external_url": None}], False),
        ([], False),
    ],
)
def test_a_link_finds_a_call_only_when_no_other_can_be_meant(
    store: Store,
    others: list[dict[str, Any]],
    *,
    found: bool,
) -> None:
    """A link finds a call only if one call without an engagement has it."""
    for number, changes in enumerate(others):
        store.save(f"c-{number}", **changes)
    call = store.lookup.by_engagement("ngmt_1", URL)
    assert (call is not None) is found
    assert store.lookup.by_engagement("ngmt_1", None) is None


def test_a_link_that_was_rewritten_finds_its_call(store: Store) -> None:
    """A link that AskElephant has normalised finds its call."""
    store.save("c-1", external_url="https://CRM.example.com:443/calls/c%2d1")
    found = store.lookup.by_engagement("ngmt_1", "https://crm.example.com/calls/c-1/")
    assert found is not None
    assert found.call_id == "c-1"


def test_a_link_that_an_earlier_version_stored_finds_its_call(store: Store) -> None:
    """A link under the key of an earlier version finds its call."""
    store.save("c-1", external_url=URL)
    store.redis.delete(store.keys.awaiting(URL))
    store.redis.sadd(store.keys.url(URL), "c-1")
    found = store.lookup.by_engagement("ngmt_1", URL)
    assert found is not None
    assert found.call_id == "c-1"


@pytest.mark.parametrize("stored", ["awaiting", "url"])
def test_a_link_that_thousands_share_costs_little(
    store: Store, monkeypatch: pytest.MonkeyPatch, stored: str
) -> None:
    """A link that thousands of calls share loads none of them."""
    read: list[bytes] = []

    def text(member: bytes) -> str:
        read.append(member)
        return member.decode()

    monkeypatch.setattr("bridge.store.calls.CallStore.load_many", None)
    monkeypatch.setattr("bridge.store.lookup.text", text)
    key = store.keys.awaiting(URL) if stored == "awaiting" else store.keys.url(URL)
    store.redis.sadd(key, *(f"c-{number}" for number in range(2000)))
    assert store.lookup.by_engagement("ngmt_1", URL) is None
    assert len(read) == MOST_SHARING + 1


def test_only_calls_that_await_their_engagement_are_kept_under_their_link(store: Store) -> None:
    """Only calls that wait for their engagement are in the index of their link."""
    for number in range(20):
        store.save(f"c-{number}", external_url=URL, engagement_id=f"ngmt_{number}")
    store.save("c-20", external_url=URL)
    assert store.redis.smembers(store.keys.awaiting(URL)) == {b"c-20"}
    found = store.lookup.by_engagement("ngmt_99", URL)
    assert found is not None
    assert found.call_id == "c-20"


def test_a_parked_event_is_found_by_its_engagement_and_forgotten_in_time(store: Store) -> None:
    """A parked event is found by its engagement, and expires."""
    store.lookup.park("ngmt_1", "17-0", timedelta(days=7))
    assert store.lookup.parked_many(["ngmt_1", "ngmt_2"]) == {"ngmt_1": "17-0"}
    assert store.lookup.parked_many([]) == {}
    assert 0 < store.redis.ttl(store.keys.parked("ngmt_1")) <= timedelta(days=7).total_seconds()


def test_the_newest_calls_come_first(store: Store) -> None:
    """Calls are listed by the time of their first event, newest first."""
    for minute in (2, 0, 1):
        store.save(f"c-{minute}", created_at=NOW + timedelta(minutes=minute))
    store.save("c-0", attempts=1)
    assert _listed(store.lookup) == ["c-2", "c-1", "c-0"]


@pytest.mark.parametrize("size", [1, 3, 4, 10])
def test_pages_have_neither_gaps_nor_repetitions(
    store: Store, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Pages contain each call once, also at equal times."""
    monkeypatch.setattr("bridge.store.lookup.CHUNK", 4)
    for number in range(10):
        store.save(f"c-{number}", created_at=NOW + timedelta(minutes=number // 7))
    seen: list[str] = []
    until: Place | None = None
    while page := list(islice(store.lookup.newest(None, until, None), size)):
        until = page[-1][0]
        seen += [call.call_id for _, call in page]
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == len(seen) == 10


def test_a_list_that_changes_while_it_is_read_has_neither_gaps_nor_repetitions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages contain each call once while new calls come and others change their state."""
    monkeypatch.setattr("bridge.store.lookup.CHUNK", 4)
    for number in range(12):
        store.save(f"c-{number:02}", created_at=_at(number // 5))
    seen: list[str] = []
    for _, call in store.lookup.newest(State.LIVE, None, None):
        seen.append(call.call_id)
        store.save(f"new-{len(seen)}", created_at=_at(99))
        store.save(call.call_id, state=State.ENDED)
    assert seen == [f"c-{number:02}" for number in reversed(range(12))]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ["c-3", "c-2", "c-1", "c-0"]),
        ({"state": State.RECORDED}, ["c-3", "c-1"]),
        ({"state": State.FAILED}, []),
        ({"since": 1}, ["c-3", "c-2", "c-1"]),
        ({"until": 2}, ["c-1", "c-0"]),
        ({"since": 1, "until": 3, "state": State.LIVE}, ["c-2"]),
    ],
)
def test_calls_can_be_chosen_by_state_and_time(
    store: Store, chosen: dict[str, Any], expected: list[str]
) -> None:
    """Calls are selected by state and time; ``since`` is included, ``until`` is not."""
    for number in range(4):
        state = State.RECORDED if number % 2 else State.LIVE
        store.save(f"c-{number}", created_at=_at(number), state=state)
    if "since" in chosen:
        chosen = chosen | {"since": _at(chosen["since"])}
    if "until" in chosen:
        chosen = chosen | {"until": Place(_at(chosen["until"]).timestamp(), "")}
    assert _listed(store.lookup, **chosen) == expected


def test_a_call_that_is_forgotten_while_it_is_listed_is_left_out(store: Store) -> None:
    """A call that is deleted during the listing is left out."""
    store.save("c-1")
    store.redis.zadd(store.keys.calls, {"gone": NOW.timestamp()})
    assert _listed(store.lookup) == ["c-1"]


def test_calls_are_counted_by_state(store: Store) -> None:
    """Calls are counted by state, with 0 for a state without calls."""
    for number, state in enumerate([State.LIVE, State.LIVE, State.FAILED]):
        store.save(f"c-{number}", state=state)
    counts = store.lookup.counts()
    assert list(counts) == [str(state) for state in State]
    assert (counts["live"], counts["failed"], counts["complete"]) == (2, 1, 0)


def test_overdue_is_what_the_sweep_would_publish(store: Store) -> None:
    """``overdue`` counts by step the calls that the sweep would publish."""
    store.save("c-1", state=State.RECORDED, due_at=NOW)
    store.save("c-2", state=State.RECORDED, due_at=NOW, held=True)
    store.save("c-3", state=State.SUBMITTED, due_at=NOW)
    assert store.lookup.overdue(NOW) == {"expire": 0, "submit": 1, "insights": 0}
    assert store.lookup.overdue(NOW + GRACE) == {"expire": 0, "submit": 2, "insights": 1}
