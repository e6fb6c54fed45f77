"""Tests for reading captured deliveries, which are sent again."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from bridge.errors import CaptureError
from bridge.simulator.wavv.capture import parse_capture, read_capture
from bridge.simulator.wavv.delivery import Delivery

BODY = '{"event":  "call.started", "id": "c-é"}\n'
LINE = json.dumps({"path": "/webhooks/wavv", "headers": {"X-A": "1"}, "body": BODY})
AS_BASE64 = json.dumps({"path": "/w", "body_base64": b64encode(b"\xff\x00").decode()})


def test_bodies_are_kept_byte_for_byte_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    """A body is kept byte for byte, because a signature covers its bytes."""
    path = tmp_path / "capture.jsonl"
    path.write_text(f"{LINE}\n\n{AS_BASE64}\n", encoding="utf-8")
    assert list(read_capture(path)) == [
        Delivery("/webhooks/wavv", BODY.encode(), (("X-A", "1"),)),
        Delivery("/w", b"\xff\x00", ()),
    ]


def test_headers_of_the_captured_connection_are_dropped() -> None:
    """Host, length and transfer encoding of the captured request are dropped."""
    headers = {"Host": "old", "content-length": "3", "Transfer-Encoding": "chunked", "X-A": "1"}
    line = json.dumps({"path": "/w", "headers": headers, "body": "{}"}).encode()
    assert [delivery.headers for delivery in parse_capture([line])] == [(("X-A", "1"),)]


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("not json", "not JSON"),
        ("[]", "not an object"),
        ('{"body": "{}"}', '"path"'),
        ('{"path": 5, "body": "{}"}', '"path"'),
        ('{"path": "https://x.example/w", "body": "{}"}', '"path"'),
        ('{"path": "/w"}', '"body"'),
        ('{"path": "/w", "body": {"event": "call.started"}}', '"body" as text'),
        ('{"path": "/w", "body": "", "body_base64": ""}', "not both"),
        ('{"path": "/w", "body_base64": "%%%"}', "not base64"),
        ('{"path": "/w", "body_base64": "é"}', "not base64"),
        ('{"path": "/w", "body": "", "headers": []}', '"headers"'),
        ('{"path": "/w", "body": "", "headers": {"X-A": 1}}', '"headers"'),
        ('{"path": "/w", "body": "", "headers": {"X-A": "a\\r\\nb"}}', '"headers"'),
    ],
)
def test_a_line_that_cannot_be_replayed_is_named_with_its_defect(line: str, advice: str) -> None:
    """The error names the line's number and what is wrong with it."""
    lines = [LINE.encode(), b"", line.encode()]
    with pytest.raises(CaptureError, match=r"^line 3: ") as caught:
        list(parse_capture(lines))
    assert advice in caught.value.detail
    assert caught.value.reason == "bad_capture"
