"""Single values, as senders write them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bridge.domain.call import Metadata
from bridge.wavv import values
from bridge.wavv.values import UNREADABLE, Read

AT = datetime(2026, 5, 13, 14, 0, tzinfo=UTC)


def short(value: object) -> str:
    """Return a test id that fits on a line."""
    return ascii(value)[:40]


@pytest.mark.parametrize(
    "value",
    [
        "2026-05-13T14:00:00Z",
        "2026-05-13T14:00:00.000Z",
        "2026-05-13T14:00:00.000000000Z",
        "2026-05-13T16:00:00+02:00",
        "2026-05-13T14:00:00",
        "2026-05-13 14:00:00",
        " 2026-05-13T14:00:00Z ",
        "20260513T140000Z",
        1778680800,
        1778680800.0,
        1778680800000,
        "1778680800",
        "1778680800.0",
        "1778680800000",
    ],
)
def test_a_time_is_iso_8601_or_epoch_and_utc_when_it_does_not_say(value: object) -> None:
    """Seconds or milliseconds, as number or text: forwarders differ."""
    assert values.moment(value) == Read(AT)


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set the machine's time zone, for one test."""
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("new_york")
@pytest.mark.parametrize("value", ["2026-05-13T14:00:00", "1778680800"])
def test_a_time_without_an_offset_is_utc_wherever_the_bridge_runs(value: str) -> None:
    """The machine's own time zone says nothing of the sender's."""
    assert values.moment(value) == Read(AT)


def test_a_date_of_eight_digits_is_a_date_not_an_epoch() -> None:
    """As epoch seconds it would be in August 1970."""
    assert values.moment("20260513") == Read(datetime(2026, 5, 13, tzinfo=UTC))


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
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
    """No date can cost the event, whatever overflows on the way."""
    assert values.moment(value) == UNREADABLE


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
        (7 * 24 * 3600 + 1, UNREADABLE),
        (-1, UNREADABLE),
        (10**400, UNREADABLE),
        ("9" * 5_000, UNREADABLE),
        (float("inf"), UNREADABLE),
        ("1:39", UNREADABLE),
        ("1_000", UNREADABLE),
        (True, UNREADABLE),
        ({"value": 1}, UNREADABLE),
    ],
    ids=short,
)
def test_seconds_are_whole_and_within_a_week(value: object, read: Read) -> None:
    """Zero is a value; what is negative or giant is not talk time."""
    assert values.seconds(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (True, Read(value=True)),
        (False, Read(value=False)),
        ("true", Read(value=True)),
        ("False", Read(value=False)),
        (" YES ", Read(value=True)),
        ("no", Read(value=False)),
        (1, Read(value=True)),
        ("0", Read(value=False)),
        (0.0, Read(value=False)),
        ("maybe", UNREADABLE),
        (2, UNREADABLE),
        ([], UNREADABLE),
    ],
)
def test_a_flag_is_a_yes_or_a_no(value: object, read: Read) -> None:
    """CRM workflows write ``"true"``, spreadsheets ``1``."""
    assert values.flag(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("  Jane\t Doe\n", Read("Jane Doe")),
        ("Ja\x00ne\x1b[31m\x7f\x85", Read("Jane[31m")),
        ("\x00\x01", Read(None)),
        ("x\ud800", Read("x\ufffd")),
        (12, Read("12")),
        (12.0, Read("12")),
        (1.5, Read("1.5")),
        ("x" * 1_000, Read("x" * 1_000)),
        ("x" * 1_001, Read("x" * 1_000, "cut")),
        (True, UNREADABLE),
        (["x"], UNREADABLE),
    ],
    ids=short,
)
def test_a_line_is_clean_on_one_line_and_bounded(value: object, read: Read) -> None:
    """Names and labels go into titles, logs and pages."""
    assert values.line(value) == read


def test_a_text_keeps_its_lines_and_its_length() -> None:
    """A transcript may be as long as the body."""
    long = "Hello.\n\tHi.\r\n" * 10_000
    assert values.text(f" {long}\x00 ") == Read(long.strip())


@pytest.mark.parametrize(("value", "read"), [(" INBOUND ", Read("inbound")), ("\x00", Read(None))])
def test_a_word_is_lower_case(value: object, read: Read) -> None:
    """``Inbound`` and ``inbound`` are one direction."""
    assert values.word(value) == read


@pytest.mark.parametrize(
    ("url", "https"),
    [
        ("https://recordings.wavv.example/a.mp3?X-Signature=1", True),
        ("HTTPS://recordings.wavv.example/a.mp3", True),
        ("http://recordings.wavv.example/a.mp3", False),
        ("https:///a.mp3", False),
        ("https://", False),
        ("https://[", False),
        ("//recordings.wavv.example/a.mp3", False),
        ("javascript:alert(1)", False),
        ("5", False),
    ],
)
def test_https_means_the_scheme_and_a_host(url: str, https: bool) -> None:  # noqa: FBT001 - a table
    """AskElephant fetches nothing else."""
    assert values.is_https(url) is https


def test_every_reader_is_of_a_field_that_exists() -> None:
    """A field renamed in the record would else be read as a line, in silence."""
    assert set(values.READERS) <= set(Metadata.model_fields)
