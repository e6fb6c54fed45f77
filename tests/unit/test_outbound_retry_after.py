"""How long a server asks us to wait."""

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
def test_seconds_and_every_form_of_date_are_honoured(value: str, seconds: int) -> None:
    """RFC 9110 allows delta-seconds and three forms of HTTP-date."""
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
def test_what_says_nothing_usable_is_none(value: str | None) -> None:
    """Garbage, the past and nothing at all leave the wait to our own backoff."""
    assert retry_after(value, NOW) is None


@pytest.mark.parametrize(
    "value", ["86401", "99999999999999999999", "Fri, 13 May 2033 14:00:00 GMT"]
)
def test_no_wait_is_longer_than_a_day(value: str) -> None:
    """A mistake of theirs must not stop the bridge for years."""
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
    """As a wait it would hold all calls for a day: its unit is read from its size."""
    assert retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize("ago", [0, 1, 10**8])
def test_an_epoch_that_has_passed_says_nothing(ago: int) -> None:
    """The caller's own backoff holds, as for an HTTP-date in the past."""
    assert retry_after(str(int(NOW.timestamp()) - ago), NOW) is None


@given(st.text())
def test_no_text_raises(value: str) -> None:
    """The header is under someone else's control."""
    wait = retry_after(value, NOW)
    assert wait is None or timedelta(0) <= wait <= LONGEST
