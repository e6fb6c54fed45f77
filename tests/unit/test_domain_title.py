"""Tests for titles: never empty, on one line, cut between characters at 500."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.title import title
from tests.support.domain import AT, recorded_call

JANE: dict[str, Any] = {
    "lead_name": "Jane Doe",
    "lead_phone": "+14155550100",
    "agent_name": "Alice Smith",
    "direction": "outbound",
    "started_at": AT,
}
ALL = "{direction} {contact_name} {phone} {agent} {time} {call_id}"


@pytest.mark.parametrize(
    ("template", "metadata", "expected"),
    [
        ("Call with {contact}", JANE, "Call with Jane Doe"),
        ("Call with {contact}", {"lead_phone": "+14155550100"}, "Call with +14155550100"),
        ("Call with {contact}", {}, "Call with unknown contact"),
        (ALL, JANE, "outbound Jane Doe +14155550100 Alice Smith 2026-05-13 14:00 UTC c-1"),
        (ALL, {}, "2026-05-13 14:00 UTC c-1"),
        ("{direction} call", {"direction": "INBOUND"}, "inbound call"),
        ("{contact_name}", {}, "Call c-1"),
        ("{contact_name} \t\n", {}, "Call c-1"),
        ("", {}, "Call c-1"),
        ("{{{contact}}}", JANE, "{Jane Doe}"),
        ("{contact}", {"lead_name": "{call_id}"}, "{call_id}"),
        ("{contact}", {"lead_name": " Jane\r\n\tDoe\x00\x9f "}, "Jane Doe"),
        ("{time}", {"answered_at": AT + timedelta(minutes=1)}, "2026-05-13 14:01 UTC"),
        (
            "{time}",
            {"started_at": datetime(2026, 5, 13, 16, 0, tzinfo=timezone(timedelta(hours=2)))},
            "2026-05-13 14:00 UTC",
        ),
    ],
)
def test_a_title_is_made_of_the_known_fields(
    template: str, metadata: dict[str, Any], expected: str
) -> None:
    """A title is never empty, and braces in a name are not read as a template."""
    assert title(recorded_call(**metadata), template) == expected


def named(name: str) -> str:
    """Return the title of a call with a lead of this name."""
    return title(recorded_call(lead_name=name), "{contact}")


FAMILY = "👨\u200d👩\u200d👧"
WAVE = "👋🏽"
FLAG = "🇨🇭"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
HEART = "❤\ufe0f"
ACCENTED = "e\u0301\u0323"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x" * 500, "x" * 500),
        ("x" * 501, "x" * 499 + "…"),
        ("word " * 99 + "words", "word " * 99 + "words"),
        ("word " * 100 + "word", ("word " * 100)[:499].strip() + "…"),
        ("x" * 498 + " word", "x" * 498 + "…"),
        ("x" * 499 + " word", "x" * 499 + "…"),
        ("Jane " + "x" * 600, "Jane " + "x" * 494 + "…"),
    ],
)
def test_a_long_title_is_cut_at_a_blank_if_there_is_one(name: str, expected: str) -> None:
    """A long title is cut at its last blank, else after 499 characters."""
    assert named(name) == expected


@pytest.mark.parametrize("whole", [FAMILY, WAVE, FLAG, ENGLAND, HEART, ACCENTED])
@pytest.mark.parametrize("offset", range(10))
def test_a_cut_never_splits_a_grapheme(whole: str, offset: int) -> None:
    """A cut never splits a grapheme such as a flag or an emoji of several code points."""
    cut = named("x" * offset + whole * 500)
    assert len(cut) <= 500
    assert cut[offset:].removesuffix("…") == whole * ((499 - offset) // len(whole))


def test_a_name_of_only_accents_is_cut() -> None:
    """A single grapheme longer than the limit is cut inside."""
    assert named("e" + "\u0301" * 1_000) == "e" + "\u0301" * 498 + "…"


@given(st.text(max_size=1_200), st.text(st.characters(categories=["Mn", "Zs", "So", "Cc", "Cf"])))
def test_any_name_makes_a_valid_title(name: str, odd: str) -> None:
    """Any name gives 1 to 500 characters on one line without blanks at the ends."""
    for text in (title(recorded_call(lead_name=name + odd * 100), "{contact_name}"), named(odd)):
        assert 1 <= len(text) <= 500
        assert text == text.strip()
        assert not {"\n", "\r", "\t", "\x00"} & set(text)


def test_times_are_utc_on_every_machine() -> None:
    """A title's time is in UTC, so that workers in two time zones write the same title."""
    call = recorded_call().but(created_at=datetime(2026, 1, 1, 0, 0, tzinfo=UTC))
    assert title(call, "{time}") == "2026-01-01 00:00 UTC"
