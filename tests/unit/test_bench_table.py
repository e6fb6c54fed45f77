"""The benchmark's table: what is printed and written of a row."""

import json

import pytest

from bench.series import series
from bench.table import HEAD, Row, Target, at_least, at_most, document, markdown, number

FAST = Row("fast enough", series([0.7, 0.9, 0.8]), "x", at_least(0.8), {"us/s": series([80])})
SLOW = Row("too slow", series([1.5, 9, 2.5]), "ms", at_most(2), note="why")
SEEN = Row("only seen", series([1234.5]), "/s")


@pytest.mark.parametrize(
    ("target", "value", "expected"),
    [
        (at_least(2), 2, True),
        (at_least(2), 1.99, False),
        (at_most(2), 2, True),
        (at_most(2), 2.01, False),
    ],
)
def test_a_target_is_reached_at_its_limit(target: Target, value: float, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    """The limit itself is good."""
    assert target.is_reached(value) is expected


def test_the_median_decides() -> None:
    """A best round does not make a promise kept, nor a worst one broken."""
    best, worst = series([0.1, 0.2, 0.9]), series([0.1, 0.8, 0.9])
    assert Row("", best, target=at_least(0.8)).is_reached is False
    assert Row("", worst, target=at_least(0.8)).is_reached is True
    assert SEEN.is_reached is None


def test_the_table_tells_what_was_measured_and_what_must_be() -> None:
    """One line a row, under one head; sides and notes behind it."""
    lines = [line.strip("| ").split("|") for line in markdown([FAST, SLOW, SEEN]).splitlines()]
    cells = [tuple(cell.strip() for cell in line) for line in lines]
    assert cells[0] == HEAD
    assert cells[2] == ("fast enough", "0.800 x", "0.700 to 0.900", "≥ 0.800", "yes", "us/s 80.0")
    assert cells[3] == ("too slow", "2.50 ms", "1.50 to 9.00", "≤ 2.00", "NO", "why")
    assert cells[4][:3] == ("only seen", "1234 /s", "1234 to 1234")


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    """It is read in a terminal, too."""
    assert len({len(line) for line in markdown([FAST, SLOW]).splitlines()}) == 1


def test_the_document_has_every_round() -> None:
    """Whoever doubts a median finds what it was made of."""
    written = json.loads(document([FAST, SEEN], {"rounds": 3}))
    assert written["about"] == {"rounds": 3}
    assert written["rows"][0]["rounds"] == [0.7, 0.9, 0.8]
    assert written["rows"][0]["target"] == {"limit": 0.8, "is_floor": True}
    assert written["rows"][0]["sides"] == {"us/s": [80]}
    assert written["rows"][1]["reached"] is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.01234, "0.0123"), (1.25, "1.25"), (87.32, "87.3"), (6120.4, "6120"), (2, "2.00")],
)
def test_numbers_have_three_digits_and_no_exponent(value: float, expected: str) -> None:
    """More digits than that are noise."""
    assert number(value) == expected
