"""Tests for the outline of a rejected body: the call it names, whatever its size and damage."""

import json
import random

import pytest

from bridge.ingress.outline import OUTLINE_LIMIT, STRING_LIMIT, Outline, salvaged

LONG = 'я\\"' * 40_000
SEGMENTS = [{"speaker": "a", "text": 'b [c] {d} " \\', "parts": [1, [2, "]"]]}] * 5000
EVENT = {"event": "call.recorded", "data": {"id": "c-1", "seconds": 95, "human": True}}


def outlined(raw: bytes, sizes: int = 7) -> bytes:
    """Return the outline of a body that is received in pieces of up to ``sizes`` bytes."""
    outline, at, chance = Outline(), 0, random.Random(1)  # noqa: S311 - a seed, no secret
    while at < len(raw):
        size = chance.randint(1, sizes)
        outline.feed(raw[at : at + size])
        at += size
    return outline.text()


@pytest.mark.parametrize("sizes", [1, 7, 1000, 10**7])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_an_id_behind_a_long_transcript_is_kept(sizes: int, *, ascii_only: bool) -> None:
    """Long strings become empty, and the fields after them are kept."""
    text = LONG if sizes > 7 else LONG[:9000]
    raw = json.dumps({"data": {"transcript": text, "id": "c-1"}}, ensure_ascii=ascii_only).encode()
    assert json.loads(outlined(raw, sizes)) == {"data": {"transcript": "", "id": "c-1"}}


@pytest.mark.parametrize("sizes", [5, 10**7])
def test_of_an_array_the_first_item_is_kept(sizes: int) -> None:
    """An array keeps its first item, and ``null`` for further items."""
    items = SEGMENTS if sizes > 5 else SEGMENTS[:50]
    raw = json.dumps({"segments": items, "one": [{"id": "c-1"}], "none": [], "id": "c-2"}).encode()
    assert json.loads(outlined(raw, sizes)) == {
        "segments": [{"speaker": "a", "text": 'b [c] {d} " \\', "parts": [1, None]}, None],
        "one": [{"id": "c-1"}],
        "none": [],
        "id": "c-2",
    }


def test_a_small_body_is_its_own_outline() -> None:
    """A small body is kept whole."""
    assert json.loads(outlined(json.dumps(EVENT, indent=2).encode())) == EVENT


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":' * 100_000,
        b"[" * 1_000_000,
        b'{"k":1,' + b",".join(b'"%d":1' % number for number in range(200_000)),
        b'{"a":[1,' + b'"",' * 2_000_000,
        b" " * 3_000_000,
        b'"' + b"\\" * 3_000_000,
        b"}" * 1_000_000,
    ],
)
def test_an_outline_is_bounded(raw: bytes) -> None:
    """The outline of any body is bounded in size."""
    outline = Outline()
    outline.feed(raw)
    assert len(outline.text()) <= OUTLINE_LIMIT + STRING_LIMIT + 100
    salvaged(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"event":"call.recorded","data":{"id":"c-1","seconds":NaN}}',
        b'{"event":"call.recorded","data":{"id":"c-1","seconds":1,"seconds":2}}',
        b'{"event":"call.recorded","data":{"id":"c-1","note":"two\nlines"}}',
        b'{"event":"call.recorded","data":{"id":"c-1","note":"said "so""}}',
        b'{"event":"call.recorded","data":{"id":"c-1","note":"\xff\xfe"}}',
        b'{"event":"call.recorded","data":{"id":"c-1","tags":["a","b',
        b'{"event":"call.recorded","data":{"id":"c-1",}}',
        b'{"event":"call.recorded","data":{"id":"c-1"},"deep":' + b"[" * 100,
        b'{"event":"call.recorded","data":{"id":"c-1","n":' + b"9" * 10_000 + b"}}",
        b'\xef\xbb\xbf{"event":"call.recorded","data":{"id":"c-1"}} and more',
        b'{"event":"call.recorded","data":{"id":"c-1","x":{"y":[{"z":"' + b"w" * 100_000,
    ],
)
def test_a_damaged_body_is_read_up_to_its_damage(raw: bytes) -> None:
    """Event name and call id before the damage are read."""
    found = json.loads(salvaged(raw) or b"{}")
    assert found["event"] == "call.recorded"
    assert found["data"]["id"] == "c-1"


@pytest.mark.parametrize("raw", [b"", b"[1,2]", b"null", b'"a"', b"hello", b"{", b"\xff", b"{]]"])
def test_a_body_that_is_no_object_names_no_call(raw: bytes) -> None:
    """A body that is no object gives no outline."""
    assert salvaged(raw) in {None, b"{}"}
