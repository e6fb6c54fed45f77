"""Tests for sending deliveries, each with its signature or shared secret."""

import httpx
import pytest

from bridge.simulator.wavv.delivery import Auth, Delivery, by_shared_secret, by_signature, unchanged
from bridge.simulator.wavv.sender import send
from bridge.wavv.signature import verify_signature

DELIVERY = Delivery("/webhooks/wavv", b'{"id":  1}')
ELSEWHERE = Delivery("/webhooks/askelephant", b"{}", (("svix-id", "msg_1"),))
SIGNED = by_signature("whsec_x", lambda: 1_778_680_800.0)


def client(status: int, seen: list[httpx.Request], **content: object) -> httpx.Client:
    """Return a client whose bridge responds with this status."""

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, **content)  # type: ignore[arg-type]  # passed on as given

    return httpx.Client(transport=httpx.MockTransport(handle))


def test_a_delivery_arrives_byte_for_byte_and_signed_as_it_leaves() -> None:
    """A body arrives byte for byte, signed at the time of sending."""
    seen: list[httpx.Request] = []
    with client(202, seen) as bridge:
        (result,) = send([DELIVERY], "http://127.0.0.1:8000/", SIGNED, bridge)
    assert result.is_accepted
    assert str(seen[0].url) == "http://127.0.0.1:8000/webhooks/wavv"
    assert seen[0].content == DELIVERY.body
    assert seen[0].headers["content-type"] == "application/json"
    header = seen[0].headers["x-wavv-signature"]
    verify_signature(header, DELIVERY.body, ["whsec_x"], 1_778_680_800.0, 0)


def test_a_captured_signature_is_replaced_whatever_its_case() -> None:
    """A captured signature header is replaced, whatever its case."""
    captured = Delivery(DELIVERY.path, DELIVERY.body, (("x-wavv-signature", "t=1,v1=0"),))
    names = [name for name, _ in SIGNED(captured).headers]
    assert names == ["X-WAVV-Signature"]


@pytest.mark.parametrize(
    ("auth", "delivery", "headers"),
    [
        (unchanged, DELIVERY, DELIVERY.headers),
        (by_shared_secret("s"), DELIVERY, (*DELIVERY.headers, ("X-Webhook-Secret", "s"))),
        (by_shared_secret("s"), ELSEWHERE, ELSEWHERE.headers),
        (SIGNED, ELSEWHERE, ELSEWHERE.headers),
    ],
)
def test_only_wavvs_deliveries_are_signed(
    auth: Auth, delivery: Delivery, headers: tuple[tuple[str, str], ...]
) -> None:
    """A delivery of AskElephant in a capture gets neither signature nor secret of WAVV."""
    assert auth(delivery).headers == headers


def test_a_query_does_not_make_it_another_path() -> None:
    """A path with a query is WAVV's path."""
    queried = Delivery("/webhooks/wavv?secret=old", b"{}", ())
    assert by_shared_secret("s")(queried).headers == (("X-Webhook-Secret", "s"),)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ({"json": {"title": "Unauthorized", "detail": "No signature."}}, "No signature."),
        ({"json": ["odd"]}, '["odd"]'),
        ({"text": "x" * 1_000}, "x" * 300),
        ({"content": b"\xff\xfe"}, "\ufffd\ufffd"),
        ({}, ""),
    ],
)
def test_the_result_holds_the_detail_of_a_refusal(content: dict[str, object], detail: str) -> None:
    """The result holds the problem's detail, or the start of another body."""
    with client(401, [], **content) as bridge:
        (result,) = send([DELIVERY], "http://127.0.0.1:8000", unchanged, bridge)
    assert (result.status, result.detail, result.is_accepted) == (401, detail, False)


def test_a_failed_connection_is_a_result_and_the_rest_is_sent() -> None:
    """A failed connection gives a result without a status, and the next delivery is sent."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == ELSEWHERE.path:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(202)

    with httpx.Client(transport=httpx.MockTransport(handle)) as bridge:
        results = send([ELSEWHERE, DELIVERY], "http://127.0.0.1:8000", unchanged, bridge)
    assert [result.status for result in results] == [None, 202]
    assert results[0].detail == "ConnectError: refused"
    assert not results[0].is_accepted
