"""The benchmark's HTTP: whole messages out of any pieces."""

import pytest

from bench.messages import Splitter, answer, request

ASKED = request("POST", "/webhooks/wavv", {"X-One": "1"}, b'{"a": 1}')
TOLD = answer("202 Accepted")


def test_a_request_is_split_into_head_and_body() -> None:
    """The body is as long as its length says."""
    [(head, body)] = Splitter().feed(ASKED)
    assert head.startswith(b"POST /webhooks/wavv HTTP/1.1\r\nHost: 127.0.0.1\r\nX-One: 1\r\n")
    assert body == b'{"a": 1}'


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
def test_messages_come_whole_in_pieces_of_any_size(size: int) -> None:
    """Two in one packet, or one in fifty."""
    stream, splitter = TOLD + ASKED + TOLD, Splitter()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    messages = [message for piece in pieces for message in splitter.feed(piece)]
    assert [body for _, body in messages] == [b"", b'{"a": 1}', b""]
    assert [head[9:12] for head, _ in messages if head.startswith(b"HTTP")] == [b"202"] * 2


def test_the_length_is_found_in_any_case() -> None:
    """Servers write it in lower case."""
    raw = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno"
    assert [body for _, body in Splitter().feed(raw)] == [b"no"]
