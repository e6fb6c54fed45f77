"""The brake: throttled it opens with time; for credentials it lets one probe through at a time."""

from datetime import datetime, timedelta

import pytest

from bridge.store.brake import Admitted, Closed
from tests.contract.store_parts import NOW, PROBE_INTERVAL, Store, at_once

SOON, LATER = NOW + timedelta(seconds=30), NOW + timedelta(seconds=60)
MOMENT = timedelta(milliseconds=1)
REFUSED, THROTTLED = "credentials_refused", "throttled"


def test_an_open_brake_lets_everything_through(store: Store) -> None:
    """Without a probe: there is nothing to try."""
    assert store.brake.state(NOW) is None
    assert store.brake.admit(NOW) == Admitted(probe=False)


def test_a_throttled_brake_opens_when_its_time_has_passed(store: Store) -> None:
    """By itself, and for all: AskElephant said until when."""
    assert store.brake.close(THROTTLED, NOW, SOON, "slow down")
    closed = Closed(THROTTLED, NOW, SOON, "slow down")
    assert store.brake.admit(SOON - MOMENT) == store.brake.state(NOW) == closed
    assert store.brake.state(SOON) is None
    assert [store.brake.admit(SOON) for _ in range(2)] == [Admitted(), Admitted()]


@pytest.mark.parametrize("reason", [REFUSED, "scope_missing", "credentials_missing"])
def test_a_brake_for_credentials_lets_one_probe_through_per_interval(
    store: Store, reason: str
) -> None:
    """Everybody else waits, for as long as the key is refused."""
    store.brake.close(reason, NOW, SOON, None)
    assert isinstance(store.brake.admit(SOON - MOMENT), Closed)
    at = SOON
    for _ in range(3):
        assert store.brake.admit(at) == Admitted(probe=True)
        waiting = store.brake.admit(at)
        assert waiting == Closed(reason, NOW, at + PROBE_INTERVAL)
        at += PROBE_INTERVAL


def test_a_brake_opens_when_it_is_told(store: Store) -> None:
    """A probe was accepted: everything may go at once."""
    store.brake.close(REFUSED, NOW, LATER, None)
    store.brake.open()
    assert store.brake.state(NOW) is None
    assert store.brake.admit(NOW) == Admitted(probe=False)


def test_closing_tells_whether_it_was_open_before(store: Store) -> None:
    """One alarm per outage; throttling that has passed is a new one."""
    assert store.brake.close(THROTTLED, NOW, SOON, None)
    assert not store.brake.close(THROTTLED, NOW, LATER, None)
    assert store.brake.close(THROTTLED, LATER, LATER + PROBE_INTERVAL, None)


@pytest.mark.parametrize(
    ("first", "second", "until", "reason"),
    [
        ((THROTTLED, LATER), (THROTTLED, SOON), LATER, THROTTLED),
        ((THROTTLED, SOON), (THROTTLED, LATER), LATER, THROTTLED),
        ((THROTTLED, LATER), (REFUSED, SOON), SOON, REFUSED),
    ],
)
def test_closing_again_never_shortens_the_same_wait(
    store: Store,
    first: tuple[str, datetime],
    second: tuple[str, datetime],
    until: datetime,
    reason: str,
) -> None:
    """Answers of one moment come in any order; another reason has its own time."""
    for why, when in (first, second):
        store.brake.close(why, NOW, when, None)
    closed = store.brake.state(NOW)
    assert closed == Closed(reason, NOW, until, None)


def test_the_brake_remembers_since_when_and_why(store: Store) -> None:
    """The newest detail names the scope that is missing now; the beginning stays."""
    store.brake.close("scope_missing", NOW, SOON, "lacks engagements:write")
    store.brake.close("scope_missing", SOON, LATER, "lacks engagements:read")
    expected = Closed("scope_missing", NOW, LATER, "lacks engagements:read")
    assert store.brake.state(SOON) == expected


def test_many_who_race_for_the_probe_get_one(real_store: Store) -> None:
    """Sixteen workers ask in the same moment, in three intervals."""
    real_store.brake.close(REFUSED, NOW, SOON, None)
    for interval in range(3):
        at = SOON + interval * PROBE_INTERVAL
        answers: list[Admitted | Closed] = []
        at_once(*[lambda: answers.append(real_store.brake.admit(at))] * 16)  # noqa: B023 - run here
        assert answers.count(Admitted(probe=True)) == 1
        assert sum(isinstance(answer, Closed) for answer in answers) == 15


def test_a_late_throttle_does_not_open_what_a_refused_key_closed(store: Store) -> None:
    """A request that left before may still be answered 429: the key is refused all the same."""
    store.brake.close(REFUSED, NOW, NOW + timedelta(seconds=60), None)
    assert not store.brake.close(THROTTLED, NOW, NOW + timedelta(seconds=1), None)
    closed = store.brake.state(NOW + timedelta(seconds=2))
    assert closed is not None
    assert closed.reason == REFUSED


def test_a_key_refused_while_throttled_is_news(store: Store) -> None:
    """It needs a person, and the throttle before it did not."""
    assert store.brake.close(THROTTLED, NOW, SOON, None)
    assert store.brake.close(REFUSED, NOW, LATER, None)
    assert not store.brake.close(REFUSED, NOW, LATER, None)
