"""Everything that happened to a call, bounded."""

from datetime import timedelta

from bridge.domain.timeline import KEPT_FIRST, KEPT_LAST, TimelineEntry, extend
from tests.support.domain import AT


def timeline(length: int) -> tuple[TimelineEntry, ...]:
    """Return the timeline of a call to which this many things happened, a second each."""
    entries: tuple[TimelineEntry, ...] = ()
    for number in range(length):
        entries = extend(entries, AT + timedelta(seconds=number), f"thing.{number}", number=number)
    return entries


def test_details_are_kept_beside_the_slug_and_unknown_ones_left_out() -> None:
    """``None`` says nothing."""
    (entry,) = extend((), AT, "request.sent", status=201, request_id=None)
    assert entry.model_dump() == {"at": AT, "what": "request.sent", "status": 201}


def test_sixty_entries_are_kept_whole() -> None:
    """A call that is not in trouble has about ten."""
    assert [entry.what for entry in timeline(60)] == [f"thing.{n}" for n in range(60)]


def test_past_sixty_the_middle_gives_way_to_a_count_of_what_it_held() -> None:
    """How a call began and how it stands are what is looked for."""
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
