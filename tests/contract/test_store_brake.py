"""The brake: throttled it opens with time; else it lets one probe through at a time."""

from datetime import datetime, timedelta

import pytest

from bridge.store.brake import OUTAGE, OUTAGE_CALLS, SCOPE_MISSING, Admitted, Closed
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
    assert [store.brake.admit(SOON).__class__ for _ in range(2)] == [Admitted, Admitted]


@pytest.mark.parametrize("reason", [REFUSED, "scope_missing", "credentials_missing", OUTAGE])
def test_a_brake_for_credentials_or_an_outage_lets_one_probe_through_per_interval(
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


@pytest.mark.parametrize("reason", [REFUSED, OUTAGE])
def test_a_brake_opens_when_its_probe_was_served(store: Store, reason: str) -> None:
    """Everything may go at once."""
    store.brake.close(reason, NOW, SOON, None)
    probe = store.brake.admit(SOON)
    assert probe == Admitted(probe=True)
    assert store.brake.served(probe, SOON)
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
        ((OUTAGE, LATER), (THROTTLED, SOON), SOON, THROTTLED),
        ((OUTAGE, LATER), (REFUSED, SOON), SOON, REFUSED),
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
    store.brake.close(SCOPE_MISSING, NOW, SOON, "lacks engagements:write")
    store.brake.close("scope_missing", SOON, LATER, "lacks engagements:read")
    expected = Closed(SCOPE_MISSING, NOW, LATER, "lacks engagements:read")
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


@pytest.mark.parametrize(
    ("heavy", "light"), [(REFUSED, THROTTLED), (REFUSED, OUTAGE), (THROTTLED, OUTAGE)]
)
def test_what_weighs_less_does_not_open_what_is_closed(
    store: Store, heavy: str, light: str
) -> None:
    """A request that left before may still be answered otherwise: the key is refused all the same.

    And an outage, which probes, must not cut AskElephant's own time short.
    """
    store.brake.close(heavy, NOW, LATER, None)
    assert not store.brake.close(light, NOW, SOON, None)
    assert store.brake.state(NOW) == Closed(heavy, NOW, LATER, None)


def test_a_key_refused_while_throttled_is_news(store: Store) -> None:
    """It needs a person, and the throttle before it did not."""
    assert store.brake.close(THROTTLED, NOW, SOON, None)
    assert store.brake.close(REFUSED, NOW, LATER, None)
    assert not store.brake.close(REFUSED, NOW, LATER, None)


def _fail(store: Store, calls: range) -> list[bool]:
    return [store.brake.failed(f"c{number}", NOW, "askelephant_error") for number in calls]


def test_many_calls_that_fail_in_a_row_are_an_outage(store: Store) -> None:
    """From then on one request per interval asks whether it is over."""
    assert _fail(store, range(OUTAGE_CALLS)) == [False] * (OUTAGE_CALLS - 1) + [True]
    closed = Closed(OUTAGE, NOW, NOW + PROBE_INTERVAL, "askelephant_error")
    assert store.brake.admit(NOW) == store.brake.state(NOW) == closed
    assert store.brake.admit(closed.until) == Admitted(probe=True, strained=True)


def test_one_call_that_fails_over_and_over_is_no_outage(store: Store) -> None:
    """Its recording is beyond reach, and that is nobody else's trouble."""
    assert not any(_fail(store, range(1)) == [True] for _ in range(3 * OUTAGE_CALLS))
    assert store.brake.state(NOW) is None


def test_a_request_that_is_served_breaks_the_row(store: Store) -> None:
    """It takes as many failures again; and an unstrained brake is not even asked."""
    _fail(store, range(OUTAGE_CALLS - 1))
    admitted = store.brake.admit(NOW)
    assert admitted == Admitted(strained=True)
    assert not store.brake.served(admitted, NOW)
    assert not any(_fail(store, range(OUTAGE_CALLS - 1)))
    assert store.brake.state(NOW) is None


def test_a_row_of_failures_is_forgotten_with_time(store: Store) -> None:
    """Ten calls in a week that each failed once are no outage."""
    _fail(store, range(1))
    assert 0 < store.redis.ttl(store.keys.failing) <= 600


def test_a_late_answer_ends_an_outage(store: Store) -> None:
    """A request that left before the brake closed was served: AskElephant works."""
    _fail(store, range(1))
    admitted = store.brake.admit(NOW)
    assert isinstance(admitted, Admitted)
    _fail(store, range(OUTAGE_CALLS))
    assert store.brake.served(admitted, NOW)
    assert store.brake.state(NOW) is None


def test_an_answer_that_was_long_on_its_way_ends_what_it_never_met(store: Store) -> None:
    """It left before anything failed: calls that failed meanwhile did not fail in a row."""
    admitted = store.brake.admit(NOW)
    assert admitted == Admitted()
    _fail(store, range(OUTAGE_CALLS))
    assert store.brake.served(admitted, NOW + timedelta(seconds=30))
    assert store.brake.state(NOW) is None


@pytest.mark.parametrize("reason", [THROTTLED, REFUSED])
def test_a_late_answer_ends_nothing_else(store: Store, reason: str) -> None:
    """It says nothing of a key refused since, nor of the time that AskElephant asked for."""
    _fail(store, range(1))
    admitted = store.brake.admit(NOW)
    assert isinstance(admitted, Admitted)
    store.brake.close(reason, NOW, SOON, None)
    assert not store.brake.served(admitted, NOW)
    assert store.brake.state(NOW) == Closed(reason, NOW, SOON, None)


def test_a_probe_that_is_served_does_not_cut_a_throttle_short(store: Store) -> None:
    """Another worker was told to wait while the probe was on its way."""
    store.brake.close(OUTAGE, NOW, NOW, None)
    probe = store.brake.admit(NOW)
    assert probe == Admitted(probe=True)
    store.brake.close(THROTTLED, NOW, LATER, None)
    assert not store.brake.served(probe, NOW)
    assert store.brake.state(NOW) == Closed(THROTTLED, NOW, LATER, None)


def test_throttles_in_a_row_are_counted_until_one_is_served(store: Store) -> None:
    """One 429 of a burst counts, not each: the wait must grow with the bursts."""
    at = NOW
    for count in range(1, 4):
        until = at + PROBE_INTERVAL
        assert [store.brake.close(THROTTLED, at, until, None) for _ in range(5)] == [True] + [
            False
        ] * 4
        admitted = store.brake.admit(until)
        assert admitted == Admitted(throttles=count, strained=True)
        at = until
    assert isinstance(admitted, Admitted)
    assert store.brake.served(admitted, at)
    assert store.brake.admit(at) == Admitted()


def test_a_missing_scope_is_probed_by_the_step_that_was_refused(store: Store) -> None:
    """A POST that is served says nothing of the scope for reading: the brake would flap."""
    store.brake.close(SCOPE_MISSING, NOW, SOON, None, "insights")
    assert isinstance(store.brake.admit(SOON, "submit"), Closed)
    assert store.brake.admit(SOON, "insights") == Admitted(probe=True)


def test_any_step_probes_when_the_refused_one_has_no_call_left(store: Store) -> None:
    """Nothing else would ever open the brake."""
    store.brake.close(SCOPE_MISSING, NOW, SOON, None, "insights")
    late = SOON + 11 * PROBE_INTERVAL
    assert store.brake.admit(late, "submit") == Admitted(probe=True)


def test_a_refused_key_is_probed_by_any_step(store: Store) -> None:
    """A key is everybody's."""
    store.brake.close("credentials_refused", NOW, SOON, None)
    assert store.brake.admit(SOON, "submit") == Admitted(probe=True)
