"""Tests for reading times."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wavv.read import UNREADABLE, Read
from bridge.wavv.times import moment
from tests.support.wavv_events import short

AT = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-13T14:00:00Z",
        "2026-05-13T14:00:00.000Z",
        "2026-05-13T14:00:00.000000000Z",
        "2026-05-13T16:00:00+02:00",
        "2026-05-13t14:00:00z",
        "2026-05-13 14:00:00 UTC",
        "2026-05-13 14:00:00 +0000 UTC",
        "2026-05-13 10:00:00 -0400",
        "2026-05-13T10:00-04",
        "2026-05-13 09:00 EST",
        "Wed, 13 May 2026 10:00:00 -0400",
        "Wed, 13 May 2026 14:00:00 GMT",
        "Wed May 13 2026 10:00:00 GMT-0400 (Eastern Daylight Time)",
        "Wed May 13 2026 16:00:00 GMT+0200",
        "May 13, 2026 10:00 AM EDT",
        " 2026-05-13T14:00:00Z ",
        "20260513T140000Z",
        1778680800,
        1778680800.0,
        1778680800000,
        "1778680800",
        "1778680800.0",
        "1778680800000",
        1778680800000000,
        "1778680800000000000",
    ],
)
def test_a_time_with_a_zone_or_an_epoch_is_a_moment(value: object) -> None:
    """ISO 8601, RFC 2822, JavaScript's text and epochs from seconds to nanoseconds are read."""
    assert moment(value) == Read(AT)


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the machine's time zone to New York during one test."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("new_york")
@pytest.mark.parametrize(
    "value",
    [
        "2026-05-13T10:00:00",
        "2026-05-13 10:00:00",
        "2026-05-13 10:00 AM",
        "05/13/2026 10:00 AM",
        "5/13/26 10:00am",
        "5/13/2026, 10:00:00 AM",
        "13.05.2026 10:00",
        "Wed May 13 2026 10:00:00",
    ],
)
def test_a_time_without_a_zone_is_in_the_operators_zone(value: str) -> None:
    """A time without a zone is in the operator's zone, not the machine's, with a flaw."""
    assert moment(value, ZoneInfo("America/New_York")) == Read(AT, "without_zone")
    assert moment(value) == Read(AT - timedelta(hours=4), "without_zone")


@pytest.mark.parametrize("value", ["05/06/2026 10:00 AM", "Tue 5-6-26 10am", "06.05.2026 10:00"])
def test_a_date_with_month_and_day_in_either_order_is_ambiguous(value: str) -> None:
    """A date that can be read month first or day first is rejected as ambiguous."""
    assert moment(value) == Read(None, "ambiguous")


@pytest.mark.parametrize("value", ["2026-05-13", "20260513", "05/13/2026", "May 13, 2026", "10:00"])
def test_a_date_without_a_time_of_day_is_no_moment(value: str) -> None:
    """A date without a time, or a time without a date, is unreadable."""
    assert moment(value) == UNREADABLE


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-05-13x14:00:00Z",
        "2026-W20-3",
        "13 May 2026 10:00 IST",
        "Fri May 2026 10:00",
        "99/99/2026 10:00",
        "13/05/2026",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-02-30T00:00:00Z",
        "2026-05-13T14:00:00+99:00",
        "1" * 10_000,
        "9" * 20,
        10**17,
        "\ud800",
        "٢٠٢٦",
        0,
        "0",
        -1,
        1e300,
        float("inf"),
        float("nan"),
        10**400,
        True,
        {},
        [],
    ],
    ids=short,
)
def test_a_time_that_is_none_or_absurd_is_unreadable(value: object) -> None:
    """An impossible or overflowing time is unreadable and raises nothing."""
    assert moment(value) == UNREADABLE


@given(st.text(st.sampled_from("0123456789/-:., +TZaApPmMGUEDS()"), max_size=40) | st.text())
def test_no_text_raises(text: str) -> None:
    """Any text gives a UTC time or ``None``, whatever dateutil raises."""
    value, _ = moment(text)
    assert value is None or value.tzinfo is UTC
