"""Single values, as senders write them."""

import pytest

from bridge.domain.call import Metadata
from bridge.wavv import values
from bridge.wavv.fields import READERS
from bridge.wavv.read import UNREADABLE, Read


def short(value: object) -> str:
    """Return a test id that fits on a line."""
    return ascii(value)[:40]


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


@pytest.mark.parametrize(
    ("value", "read"),
    [
        *((word, "inbound") for word in ("inbound", " INBOUND ", "incoming", "in", "Inbound Call")),
        *((word, "outbound") for word in ("OUT", "outgoing", "outbound-api", "Outbound Call")),
        ("Transfer", "transfer"),
        ("\x00", None),
    ],
)
def test_a_direction_is_inbound_or_outbound_or_as_it_came(value: object, read: object) -> None:
    """Senders have several words for the two; any other is kept in lower case."""
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
    """A placeholder is never sent; what is left of the name is."""
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
    """A participant with anything else would be refused, and the call with it."""
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
    """It would lead to the page of no call."""
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
def test_an_id_is_of_one_thing(value: object, read: Read) -> None:
    """Zeros and unrendered ids are shared by many."""
    assert values.identifier(value) == read


def test_every_reader_is_of_a_field_that_exists() -> None:
    """A field renamed in the record would else be read as a line, in silence."""
    assert set(READERS) <= set(Metadata.model_fields)
