"""Tests for reading ``Retry-After``."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.outbound.retry_after import LONGEST, retry_after

NOW = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        (" 30 ", 30),
        ("3600", 3600),
        ("Wed, 13 May 2026 14:02:00 GMT", 120),
        ("Wed, 13 May 2026 16:02:00 +0200", 120),
        ("Wednesday, 13-May-26 14:02:00 GMT", 120),
        ("Wed May 13 14:02:00 2026", 120),
    ],
)
def test_seconds_and_every_form_of_date_are_read(value: str, seconds: int) -> None:
    """Seconds and the three date forms of RFC 9110 give the wait."""
    assert retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "-5",
        "1.5",
        "soon",
        "٣",
        "9" * 5000,
        "Wed, 13 May 2026 13:59:00 GMT",
        "Wed, 13 May 2026 14:00:00 GMT",
        "Wed, 99 May 2026 14:02:00 GMT",
        "Wed, 13 May 2026 14:02:00 +9999",
        "Wed, 13 May 0000 14:02:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -2300",
    ],
)
def test_an_unusable_value_is_none(value: str | None) -> None:
    """A missing, malformed or past value gives ``None``."""
    assert retry_after(value, NOW) is None


@pytest.mark.parametrize(
    "value", ["86401", "99999999999999999999", "Fri, 13 May 2033 14:00:00 GMT"]
)
def test_no_wait_is_longer_than_a_day(value: str) -> None:
    """A wait of more than a day is cut at a day."""
    assert retry_after(value, NOW) == LONGEST


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (str(int(NOW.timestamp()) + 120), 120),
        (str(int(NOW.timestamp() * 1000) + 1500), 1.5),
        (str(int(NOW.timestamp() + 60) * 10**6), 60),
        (str(int(NOW.timestamp() + 60) * 10**9), 60),
        ("999999999", 86400),
        ("86400", 86400),
    ],
)
def test_an_epoch_is_a_moment_and_a_plausible_wait_stays_one(value: str, seconds: float) -> None:
    """A large number is read as an epoch in seconds or milliseconds, a small one as a wait."""
    assert retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("ago", [0, 1, 10**8])
def test_an_epoch_in_the_past_is_none(ago: int) -> None:
    """An epoch in the past gives ``None``."""
    assert retry_after(str(int(NOW.timestamp()) - ago), NOW) is None


@given(st.text())
def test_no_text_raises(value: str) -> None:
    """Any text gives a wait between zero and a day, or ``None``."""
    wait = retry_after(value, NOW)
    assert wait is None or timedelta(0) <= wait <= LONGEST
