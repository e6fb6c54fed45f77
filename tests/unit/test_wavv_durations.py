"""Tests for reading durations."""

import pytest

from bridge.wavv.durations import seconds, seconds_of
from bridge.wavv.read import UNREADABLE, Read
from tests.support.wavv_events import short


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
    """Zero is a valid duration; negative values and values over a week are unreadable."""
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
    """A clock time, an ISO 8601 duration and a number with a unit give the same seconds."""
    assert seconds(value) == Read(95)


@pytest.mark.parametrize(
    "value", ["1:2:3:4", "PT", "P", "T", "95 apples", "1m 1m", "95,5", "s", ""]
)
def test_a_text_that_is_no_duration_is_unreadable(value: str) -> None:
    """A text with any part that is no duration is unreadable as a whole."""
    assert seconds(value) == UNREADABLE


@pytest.mark.parametrize("key", ["durationms", "callDurationMillis".lower(), "hscallduration"])
def test_a_key_may_name_milliseconds(key: str) -> None:
    """A key with milliseconds in its name, or HubSpot's ``hs_call_duration``, divides by 1000."""
    assert seconds_of(key, 95_000) == seconds_of("seconds", 95) == Read(95)
