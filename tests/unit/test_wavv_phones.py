"""Tests for converting phone numbers to E.164."""

import pytest

from bridge.wavv.phones import to_e164
from tests.support.wavv_events import short


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("4155550123", "US", "+14155550123"),
        ("(415) 555-0123", "US", "+14155550123"),
        ("+1 415 555 0123", "DE", "+14155550123"),
        ("tel:+1-415-555-0123", "US", "+14155550123"),
        ("020 7946 0123", "GB", "+442079460123"),
        ("0044 20 7946 0123", "DE", "+442079460123"),
        ("sip:alice@example.com", "US", None),
        ("anonymous", "US", None),
        ("ACME", "US", None),
        ("911", "US", None),
        ("12", "US", None),
        ("", "US", None),
        ("4" * 20, "US", None),
        ("4" * 1_000, "US", None),
        ("4155550123", "ZZ", None),
    ],
    ids=short,
)
def test_possible_numbers_become_e164_and_others_none(
    text: str, region: str, number: str | None
) -> None:
    """A possible number becomes E.164 in the given region, any other text ``None``."""
    assert to_e164(text, region) == number


@pytest.mark.parametrize("text", ["5550100", "555-0100"])
def test_a_number_without_its_area_is_not_made_into_another(text: str) -> None:
    """Seven digits without an area code are no number."""
    assert to_e164(text, "US") is None
