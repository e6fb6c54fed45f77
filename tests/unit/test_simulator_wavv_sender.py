"""Sending deliveries, each with its proof."""

import httpx
import pytest

from bridge.simulator.wavv.delivery import Auth, Delivery, by_shared_secret, by_signature, unchanged
from bridge.simulator.wavv.sender import send
from bridge.wavv.signature import verify_signature

DELIVERY = Delivery("/webhooks/wavv", b'{"id":  1}')
ELSEWHERE = Delivery("/webhooks/askelephant", b"{}", (("svix-id", "msg_1"),))
SIGNED = by_signature("whsec_x", lambda: 1_778_680_800.0)


def client(status: int, seen: list[httpx.Request], **answer: object) -> httpx.Client:
    """Return a client whose bridge answers ``status``."""

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, **answer)  # type: ignore[arg-type]  # passed on as given

    return httpx.Client(transport=httpx.MockTransport(handle))


def test_a_delivery_arrives_byte_for_byte_and_signed_as_it_leaves() -> None:
    """The proof is made at sending: a signature is good for minutes only."""
    seen: list[httpx.Request] = []
    with client(202, seen) as bridge:
        (answer,) = send([DELIVERY], "http://127.0.0.1:8000/", SIGNED, bridge)
    assert answer.is_accepted
    assert str(seen[0].url) == "http://127.0.0.1:8000/webhooks/wavv"
    assert seen[0].content == DELIVERY.body
    assert seen[0].headers["content-type"] == "application/json"
    header = seen[0].headers["x-wavv-signature"]
    verify_signature(header, DELIVERY.body, ["whsec_x"], 1_778_680_800.0, 0)


def test_a_captured_signature_is_replaced_whatever_its_case() -> None:
    """Two of them would be joined by a comma and read as one."""
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
def test_only_wavvs_deliveries_get_wavvs_proof(
    auth: Auth, delivery: Delivery, headers: tuple[tuple[str, str], ...]
) -> None:
    """A capture may hold AskElephant's too: no secret goes where it does not belong."""
    assert auth(delivery).headers == headers


def test_a_query_does_not_make_it_another_path() -> None:
    """A shared secret may be in the query."""
    asked = Delivery("/webhooks/wavv?secret=old", b"{}", ())
    assert by_shared_secret("s")(asked).headers == (("X-Webhook-Secret", "s"),)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ({"json": {"title": "Unauthorized", "detail": "No signature."}}, "No signature."),
        ({"json": ["odd"]}, '["odd"]'),
        ({"text": "x" * 1_000}, "x" * 300),
        ({"content": b"\xff\xfe"}, "\ufffd\ufffd"),
        ({}, ""),
    ],
)
def test_a_refusal_is_told_in_the_bridges_own_words(answer: dict[str, object], detail: str) -> None:
    """And whatever a proxy in between may answer is cut short."""
    with client(401, [], **answer) as bridge:
        (told,) = send([DELIVERY], "http://127.0.0.1:8000", unchanged, bridge)
    assert (told.status, told.detail, told.is_accepted) == (401, detail, False)


def test_no_answer_is_an_answer_too_and_the_rest_is_sent() -> None:
    """One refused connection says nothing of the next."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == ELSEWHERE.path:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(202)

    with httpx.Client(transport=httpx.MockTransport(handle)) as bridge:
        answers = send([ELSEWHERE, DELIVERY], "http://127.0.0.1:8000", unchanged, bridge)
    assert [answer.status for answer in answers] == [None, 202]
    assert answers[0].detail == "ConnectError: refused"
    assert not answers[0].is_accepted
