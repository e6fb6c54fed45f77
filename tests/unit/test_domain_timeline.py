"""Tests for the timeline of a call, which has a bounded length."""

from datetime import timedelta

from bridge.domain.timeline import KEPT_FIRST, KEPT_LAST, TimelineEntry, extend
from tests.support.domain import AT


def timeline(length: int) -> tuple[TimelineEntry, ...]:
    """Return the timeline of a call with this many entries, one second apart."""
    entries: tuple[TimelineEntry, ...] = ()
    for number in range(length):
        entries = extend(entries, AT + timedelta(seconds=number), f"thing.{number}", number=number)
    return entries


def test_details_of_none_are_left_out_of_an_entry() -> None:
    """An entry holds its slug and its details, without those that are ``None``."""
    (entry,) = extend((), AT, "request.sent", status=201, request_id=None)
    assert entry.model_dump() == {"at": AT, "what": "request.sent", "status": 201}


def test_sixty_entries_are_kept_whole() -> None:
    """A timeline of 60 entries is not shortened."""
    assert [entry.what for entry in timeline(60)] == [f"thing.{n}" for n in range(60)]


def test_past_sixty_entries_a_count_replaces_the_middle() -> None:
    """The first 20 and the last entries stay, and one marker counts those between."""
    for length in (61, 62, 500):
        entries = timeline(length)
        marker = entries[KEPT_FIRST]
        dropped = length - KEPT_FIRST - KEPT_LAST
        assert [entry.what for entry in entries[:KEPT_FIRST]] == [f"thing.{n}" for n in range(20)]
        assert [entry.what for entry in entries[KEPT_FIRST + 1 :]] == [
            f"thing.{n}" for n in range(length - KEPT_LAST, length)
        ]
        assert marker.model_dump() == {
            "at": AT + timedelta(seconds=KEPT_FIRST + dropped - 1),
            "what": "timeline.shortened",
            "entries": dropped,
        }
