"""Durations, as senders write them."""

import pytest

from bridge.wavv.durations import seconds, seconds_of
from bridge.wavv.read import UNREADABLE, Read


def short(value: object) -> str:
    """Return a test id that fits on a line."""
    return ascii(value)[:40]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (99, Read(99)),
        ("99", Read(99)),
        (" 99 ", Read(99)),
        ("99.7", Read(99)),
        (99.7, Read(99)),
        (0, Read(0)),
        ("0", Read(0)),
        (7 * 24 * 3600, Read(7 * 24 * 3600)),
        (3_600_000, Read(3600, "in_milliseconds")),
        (10**10, UNREADABLE),
        (-1, UNREADABLE),
        (10**400, UNREADABLE),
        ("9" * 5_000, UNREADABLE),
        (float("inf"), UNREADABLE),
        ("1_000", UNREADABLE),
        (True, UNREADABLE),
        ({"value": 1}, UNREADABLE),
    ],
    ids=short,
)
def test_seconds_are_whole_and_within_a_week(value: object, read: Read) -> None:
    """Zero is a value; what is negative or giant is not talk time."""
    assert seconds(value) == read


@pytest.mark.parametrize(
    "value",
    [
        *("00:01:35", "01:35", "1:35", "0:95", "00:01:35.250", "PT1M35S", "pt95s", "P0DT0H1M35S"),
        *(
            "95 s",
            "95s",
            "95 sec",
            "95 seconds",
            "1m 35s",
            "1 min 35 sec",
            "1 minute and 35 seconds",
        ),
        *("95000 ms", "95000 milliseconds"),
    ],
)
def test_a_duration_is_read_as_people_and_clocks_write_it(value: str) -> None:
    """Dialers send a clock, spreadsheets a unit."""
    assert seconds(value) == Read(95)


@pytest.mark.parametrize(
    "value", ["1:2:3:4", "PT", "P", "T", "95 apples", "1m 1m", "95,5", "s", ""]
)
def test_a_text_that_is_no_duration_is_unreadable(value: str) -> None:
    """No number is made of a part of it."""
    assert seconds(value) == UNREADABLE


@pytest.mark.parametrize("key", ["durationms", "callDurationMillis".lower(), "hscallduration"])
def test_a_key_may_name_milliseconds(key: str) -> None:
    """HubSpot's ``hs_call_duration`` is in milliseconds without naming them."""
    assert seconds_of(key, 95_000) == seconds_of("seconds", 95) == Read(95)
