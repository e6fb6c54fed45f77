"""Tests for reading single values: flags, lines, names, e-mails, pages, ids."""

import pytest

from bridge.domain.call import Metadata
from bridge.wavv import values
from bridge.wavv.fields import READERS
from bridge.wavv.read import UNREADABLE, Read
from tests.support.wavv_events import short


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
    """Booleans, ``"true"``, ``1`` and the like are flags; other values are unreadable."""
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
    """A line has no control characters, single blanks and a bounded length."""
    assert values.line(value) == read


def test_a_text_keeps_its_lines_and_its_length() -> None:
    """A text keeps line breaks and its full length."""
    long = "Hello.\n\tHi.\r\n" * 10_000
    assert values.text(f" {long}\x00 ") == Read(long.strip())


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((name, "inbound") for name in ("inbound", " INBOUND ", "incoming", "in", "Inbound Call")),
        *((name, "outbound") for name in ("OUT", "outgoing", "outbound-api", "Outbound Call")),
        ("Transfer", "transfer"),
        ("\x00", None),
    ],
)
def test_a_direction_is_inbound_or_outbound_or_as_it_came(value: object, read: object) -> None:
    """Synonyms give inbound or outbound; another value is kept in lower case."""
    assert values.direction(value) == Read(read)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("Dana undefined", Read("Dana", "unrendered")),
        ("undefined undefined", Read(None)),
        ("null null", Read(None)),
        ("Jennifer Null", Read("Jennifer Null")),
        ("{{contact.first}} {{contact.last}}", Read(None, "unrendered")),
        ("Dana {{contact.last}}", Read("Dana", "unrendered")),
        ("0", Read(None)),
        ("Zo\u00eb \U0001f600", Read("Zo\u00eb \U0001f600")),
    ],
)
def test_a_name_has_no_part_that_a_template_did_not_fill(value: str, read: Read) -> None:
    """Placeholders are removed from a name, and the rest of the name is kept."""
    assert values.name(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("dana@example.com", Read("dana@example.com")),
        (" Dana Doe <dana@example.com> ", Read("dana@example.com")),
        ("<dana@example.com>", Read("dana@example.com")),
        ("mailto:dana@example.com", Read("dana@example.com")),
        ("josé@bücher.example", Read("josé@bücher.example")),
        ("a@example.com; b@example.com", Read(None, "unusable")),
        ("a@example.com, b@example.com", Read(None, "unusable")),
        ("dana@example", Read(None, "unusable")),
        ("dana.example.com", Read(None, "unusable")),
        (".dana@example.com", Read(None, "unusable")),
        ("dana@-example.com", Read(None, "unusable")),
        ("no-email", Read(None, "unusable")),
        ("x" * 250 + "@example.com", Read(None, "unusable")),
        ("dana{{id}}@example.com", Read(None, "unrendered")),
        (0, Read(None)),
        (["dana@example.com"], UNREADABLE),
    ],
    ids=short,
)
def test_an_email_is_one_address_or_none(value: object, read: Read) -> None:
    """An e-mail is one valid address, else unreadable or missing."""
    assert values.email(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("https://app.example/calls/1", Read("https://app.example/calls/1")),
        ("https://app.example/calls/{{id}}", Read(None, "unrendered")),
        ("https://app.example/calls/undefined", Read(None, "unrendered")),
        ([], UNREADABLE),
    ],
    ids=short,
)
def test_a_page_has_no_part_that_a_template_did_not_fill(value: object, read: Read) -> None:
    """A link with a placeholder in it is dropped."""
    assert values.page(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("ct_1", Read("ct_1")),
        (0, Read(None)),
        ("00000000-0000-0000-0000-000000000000", Read(None)),
        ("ct_{{contact.id}}", Read(None, "unrendered")),
        (7.0, Read("7")),
    ],
)
def test_zeros_and_placeholders_are_no_ids(value: object, read: Read) -> None:
    """A zero, a nil UUID and an unrendered id are dropped."""
    assert values.identifier(value) == read


def test_every_reader_is_of_a_field_that_exists() -> None:
    """Every reader belongs to a metadata field, so that a renamed field is noticed."""
    assert set(READERS) <= set(Metadata.model_fields)
