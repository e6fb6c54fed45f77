"""Call records: compare-and-set, saves under a lease, and insights."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.call import (
    FORMAT,
    Call,
    InsightsSummary,
    Kind,
    Metadata,
    Problem,
    State,
    new_call,
)
from bridge.domain.timeline import TimelineEntry
from bridge.errors import CallContendedError, LeaseLostError
from bridge.store.changes import Change, Edit, Saved
from bridge.store.lease import Lease
from tests.support.store import NOW, Store

FULL = new_call("c-1", NOW).but(
    state=State.TRANSCRIBED,
    reason="insights_pending",
    metadata=Metadata(lead_name="Jané Doe", seconds=0, human=False, started_at=NOW),
    stamps={"seconds": (NOW.timestamp(), 2)},
    heard=(Kind.STARTED, Kind.RECORDED),
    external_id="wavv-call-c-1",
    external_url="wavv://call/c-1",
    engagement_id="ngmt_1",
    engagement_created=False,
    owner_refused=True,
    insights=InsightsSummary(counts={"signals": 2}, checks=3, deadline=NOW),
    attempts=2,
    problem=Problem(reason="throttled", status=429, errors=({"field": "title"},)),
    due_at=NOW + timedelta(minutes=1),
    timeline=(TimelineEntry(at=NOW, what="insights.read", counts={"signals": 2}),),
)


def test_a_call_of_which_nothing_was_heard_is_none(store: Store) -> None:
    """An unknown call has neither record nor insights."""
    assert store.calls.load("c-1") is None
    assert store.calls.insights(FULL) == {}


def test_a_saved_call_is_loaded_as_it_was(store: Store) -> None:
    """A saved call is loaded with every field; only the version is the store's."""
    saved = store.calls.update("c-1", lambda _: FULL)
    assert saved == store.calls.load("c-1") == FULL.but(version=1, format=FORMAT)


def test_the_version_grows_with_every_save(store: Store) -> None:
    """Each save increases the version."""
    assert [store.save("c-1", attempts=n).version for n in (1, 2, 3)] == [1, 2, 3]


def test_a_decision_for_nothing_saves_nothing(store: Store) -> None:
    """A decision of ``None`` or the same call saves nothing."""
    assert store.calls.update("c-1", lambda _: None) is None
    store.save("c-1")
    assert store.calls.update("c-1", lambda found: found) == store.calls.load("c-1")
    assert store.calls.update("c-1", lambda _: None) == store.calls.load("c-1")
    assert store.save("c-1").version == 2


def test_a_conflict_is_decided_again_on_the_newer_call(store: Store) -> None:
    """After a conflict the decision is made again on the newer record, so both changes are kept."""
    store.save("c-1")
    seen: list[int] = []

    def decide(found: Call | None) -> Call:
        assert found is not None
        seen.append(found.version)
        if len(seen) == 1:
            store.save("c-1", reason="theirs")
        return found.but(attempts=found.attempts + 1)

    saved = store.calls.update("c-1", decide)
    assert saved is not None
    assert seen == [1, 2]
    assert (saved.reason, saved.attempts, saved.version) == ("theirs", 1, 3)


def test_two_who_make_the_same_call_make_it_once(store: Store) -> None:
    """Of two creations of a call the second conflicts, and gets the first one's record."""

    def decide(found: Call | None) -> Call:
        if found is None:
            store.save("c-1", reason="theirs")
        return (found or new_call("c-1", NOW)).but(attempts=1)

    saved = store.calls.update("c-1", decide)
    assert saved is not None
    assert (saved.reason, saved.attempts, saved.version) == ("theirs", 1, 2)


def test_a_call_that_never_rests_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose saves conflict without end raises, and stays due."""
    monkeypatch.setattr("bridge.store.calls.ATTEMPTS", 3)

    def decide(found: Call | None) -> Call:
        store.save("c-1", reason="theirs")
        return (found or new_call("c-1", NOW)).but(attempts=9)

    with pytest.raises(CallContendedError) as raised:
        store.calls.update("c-1", decide)
    assert raised.value.call_id == "c-1"
    assert store.save("c-1").attempts == 0


def test_a_save_under_a_lease_that_is_held_goes_through(store: Store) -> None:
    """A save under a held lease is made."""
    with store.lease("c-1") as lease:
        saved = store.calls.update("c-1", lambda _: FULL, lease=lease, insights={"signals": []})
    assert saved == store.calls.load("c-1")


@pytest.mark.parametrize("holder", [None, "another"])
def test_a_save_under_a_lease_that_is_no_longer_ours_is_refused(
    store: Store, holder: str | None
) -> None:
    """A save under a lost lease is refused, and leaves nothing."""
    store.save("c-1")
    if holder is not None:
        store.redis.set(store.keys.lease("c-1"), holder)
    before = store.indexed("c-1")
    with pytest.raises(LeaseLostError) as raised:
        store.calls.update("c-1", lambda _: FULL, lease=Lease("ours"), insights={"signals": [1]})
    assert raised.value.call_id == "c-1"
    loaded = store.calls.load("c-1")
    assert loaded is not None
    assert (loaded.state, loaded.version) == (State.LIVE, 1)
    assert store.calls.insights(FULL) == {}
    assert store.indexed("c-1") == before
    assert store.lookup.by_engagement("ngmt_1", "wavv://call/c-1") is None


def test_an_event_is_saved_although_a_worker_holds_the_call(store: Store) -> None:
    """An event is saved without a lease, and the lease holder's save is decided again."""
    with store.lease("c-1") as lease:
        store.save("c-1", reason="news")
        saved = store.calls.update(
            "c-1", lambda found: found.but(attempts=1) if found else None, lease=lease
        )
    assert saved is not None
    assert (saved.reason, saved.attempts) == ("news", 1)


def test_insights_are_saved_with_the_record(store: Store) -> None:
    """Insights are saved in the same step as the record, and kept by saves without insights."""
    brought: dict[str, Any] = {"signals": [{"value": {"deep": [None, 0.5]}}], "transcript": "Hé"}
    store.calls.update("c-1", lambda _: FULL, insights=brought)
    store.save("c-1", attempts=7)
    assert store.calls.insights(FULL) == brought
    store.calls.update("c-1", lambda _: FULL, insights={})
    assert store.calls.insights(FULL) == {}


def test_fields_of_a_newer_bridge_survive_an_older_worker(store: Store) -> None:
    """Unknown fields of a newer version are kept at every depth."""
    document = {
        "call_id": "c-1",
        "created_at": NOW.isoformat(),
        "updated_at": NOW.isoformat(),
        "state_since": NOW.isoformat(),
        "mood": {"score": 1},
        "metadata": {"lead_name": "Jane", "lead_shoe_size": 39},
        "insights": {"checks": 1, "scorecards": 2},
        "timeline": [{"at": NOW.isoformat(), "what": "CallStarted", "by": "v9"}],
    }
    store.redis.set(store.keys.call("c-1"), f"4\n{json.dumps(document)}")
    assert store.save("c-1", attempts=1).version == 5
    written = store.redis.get(store.keys.call("c-1"))
    assert isinstance(written, bytes)
    after = json.loads(written.partition(b"\n")[2])
    assert after["mood"] == {"score": 1}
    assert after["metadata"]["lead_shoe_size"] == 39
    assert after["insights"]["scorecards"] == 2
    assert after["timeline"][0]["by"] == "v9"


def test_many_calls_are_loaded_in_the_requested_order(store: Store) -> None:
    """Several calls are loaded in the requested order, without unknown ones."""
    for call_id in ("a", "b", "c"):
        store.save(call_id)
    loaded = store.calls.load_many(["c", "nobody", "a"])
    assert [call.call_id for call in loaded] == ["c", "a"]
    assert store.calls.load_many([]) == []


def test_a_save_whose_response_was_lost_is_made_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save that the client sends twice, after a lost response, is made once."""
    before = store.save("c-1", state=State.RECORDED)
    with store.lease("c-1") as lease:
        save_many = store.calls.save_many

        def save_twice(changes: Sequence[Change]) -> list[Call | Exception | None]:
            save_many(changes)
            return save_many([replace(one, lease=None) for one in changes])

        calls = store.calls
        monkeypatch.setattr(calls, "save_many", save_twice)
        (result,) = calls.update_many([
            Edit(
                call_id="c-1", decide=lambda call: call and call.but(attempts=call.attempts + 1),
                known=before, lease=lease, ends=True,
            )
        ])  # fmt: skip
        assert isinstance(result, Saved)
        saved = result.after
    assert saved is not None
    assert (saved.attempts, saved.version) == (1, before.version + 1)
    assert store.calls.load("c-1") == saved
