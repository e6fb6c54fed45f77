"""Tests for the strict JSON reader: one object, or an error with its reason."""

import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import EventError, MalformedBodyError
from bridge.strict_json import DEPTH_LIMIT, DIGITS_LIMIT, read_object

KIB_256 = 256 * 1024


def short(value: object) -> str:
    """Return a test id of at most 40 characters."""
    return ascii(value)[:40]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty_body"),
        (b" \r\n\t", "empty_body"),
        (b"\xff\xfe{\x00", "not_utf8"),
        (b'{"name": "caf\xe9"}', "not_utf8"),
        (b'{"cesu": "\xed\xa0\x80"}', "not_utf8"),
        (b"not json", "not_json"),
        (b"event=call.started&id=1", "not_json"),
        (b'{"event": "call.started"', "not_json"),
        (b"{'event': 'call.started'}", "not_json"),
        (b'{"a": 1} {"b": 2}', "not_json"),
        (b'{"a": "\x00"}', "not_json"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"1", "not_an_object"),
        (b"null", "not_an_object"),
        (b"[" * 10_000 + b"]" * 10_000, "too_deep"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "too_deep"),
        (b"[" * KIB_256, "too_deep"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "duplicate_key"),
        (b'{"a": NaN}', "not_finite"),
        (b'{"a": [Infinity]}', "not_finite"),
        (b'{"a": -Infinity}', "not_finite"),
        (b'{"a": 1e999}', "not_finite"),
    ],
    ids=short,
)
def test_a_malformed_body_is_refused_with_its_reason(raw: bytes, reason: str) -> None:
    """Each defect has its reason slug, the status 400 and a detail."""
    with pytest.raises(MalformedBodyError) as caught:
        read_object(raw)
    assert (caught.value.reason, caught.value.status) == (reason, 400)
    assert str(caught.value) == caught.value.detail
    assert len(caught.value.detail) > 20


def test_nesting_is_allowed_to_the_limit_whatever_the_recursion_limit() -> None:
    """The nesting limit is the reader's own and not the interpreter's."""
    deepest = b'{"a":' * DEPTH_LIMIT + b"1" + b"}" * DEPTH_LIMIT
    assert read_object(deepest)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        with pytest.raises(MalformedBodyError, match=str(DEPTH_LIMIT)):
            read_object(b'{"a":' + deepest + b"}")
    finally:
        sys.setrecursionlimit(before)


def test_brackets_inside_strings_are_no_nesting() -> None:
    """Brackets and escaped quotes inside a string do not count as nesting."""
    text = '[{"' * 1_000
    raw = b'{"note": "' + text.replace('"', '\\"').encode() + b'"}'
    assert read_object(raw) == {"note": text}


def test_many_siblings_are_no_nesting() -> None:
    """Only brackets that are open at the same time count as nesting."""
    assert len(read_object(b'{"a": [' + b"[]," * 1_000 + b"[]]}")["a"]) == 1_001


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("9" * DIGITS_LIMIT, int("9" * DIGITS_LIMIT)),
        ("9" * 100_000, "9" * 100_000),
        ("-" + "9" * 100_000, "-" + "9" * 100_000),
        ("0.5", 0.5),
    ],
    ids=short,
)
def test_giant_integers_stay_as_their_digits(written: str, value: object) -> None:
    """An integer with more digits than the limit is read as text."""
    assert read_object(f'{{"a": {written}}}'.encode()) == {"a": value}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"\ud800", "\ufffd"),
        (r"x\uDFFFy", "x\ufffdy"),
        (r"\udc00\ud800", "\ufffd\ufffd"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\\ud800", "\\ud800"),
    ],
)
def test_lone_surrogates_are_replaced_wherever_they_are(written: str, value: str) -> None:
    """Lone surrogates in keys and values become U+FFFD, since UTF-8 cannot encode them."""
    raw = f'{{"a": "{written}", "b": [{{"c": "{written}"}}, 1, null], "k{written}": 1}}'
    assert read_object(raw.encode()) == {"a": value, "b": [{"c": value}, 1, None], f"k{value}": 1}


def test_a_byte_order_mark_is_ignored() -> None:
    """A byte order mark before the object is ignored, as RFC 8259 allows."""
    assert read_object(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_duplicate_key_is_named_in_plain_ascii_and_cut() -> None:
    """The error names the duplicate key in printable ASCII, cut to a bounded length."""
    raw = b'{"\\u001b[31m%s": 1, "\\u001b[31m%s": 2}' % (b"k" * 999, b"k" * 999)
    with pytest.raises(MalformedBodyError) as caught:
        read_object(raw)
    assert caught.value.detail.isascii()
    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) < 120


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"' + b'\\"' * (KIB_256 // 2),
        b'"' * KIB_256,
        b'"' + b"\\" * KIB_256,
        b'{"a": ' + b"9" * KIB_256 + b".1}",
        b'{"a": 1e' + b"9" * KIB_256 + b"}",
        b'{"a": "' + b"\\ud800" * (KIB_256 // 6) + b"!",
        b"{" + b",".join(b'"%d":1' % number for number in range(KIB_256 // 10)) + b",",
    ],
    ids=short,
)
def test_no_body_of_the_permitted_size_is_slow_to_read(raw: bytes) -> None:
    """Bodies that make a careless reader quadratic are rejected within milliseconds."""
    with pytest.raises(MalformedBodyError):
        read_object(raw)


@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    """Any bytes give an object or raise ``EventError``."""
    with suppress(EventError):
        assert isinstance(read_object(raw), dict)
