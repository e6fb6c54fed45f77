"""Svix's signatures at AskElephant's webhook, and inputs that make Svix's library raise."""

import time
from collections.abc import Iterator, Mapping

import httpx
import pytest

from tests.support.web_process import (
    ELEPHANT,
    JSON,
    SVIX_SECRET,
    Web,
    problem_in,
    running_web,
    sent,
    svix_signed,
)

NEW = "whsec_bmV3LXNlY3JldC1hZnRlci10aGUtcm90YXRpb24="
BODY = b'{"type": "v1.engagement.transcript_timeline.completed", "data": {}}'


@pytest.fixture(scope="module")
def web_process(valkey_url: str) -> Iterator[Web]:
    """Run one web process with two secrets, as during a rotation."""
    with running_web(valkey_url, askelephant_webhook_secrets=f"{SVIX_SECRET},{NEW}") as web:
        yield web


def deliver(web: Web, headers: Mapping[str, str], raw: bytes = BODY) -> httpx.Response:
    """Post an event with these headers."""
    return web.client.post(ELEPHANT, content=raw, headers=sent(headers))


@pytest.mark.parametrize("family", ["svix", "webhook"])
@pytest.mark.parametrize(
    "secret", [SVIX_SECRET, SVIX_SECRET.removeprefix("whsec_"), NEW, NEW.removeprefix("whsec_")]
)
def test_every_secret_is_valid_under_either_header_family(
    web: Web, family: str, secret: str
) -> None:
    """Each secret is valid, under the names ``svix-`` and ``webhook-`` of the headers."""
    response = deliver(web, svix_signed(BODY, secret, family=family))
    assert (response.status_code, response.content, web.stored()) == (202, b"", [BODY])


@pytest.mark.parametrize("order", [1, -1])
def test_one_good_signature_of_two_is_enough(web: Web, order: int) -> None:
    """One valid signature of two is enough, as Svix signs with both secrets after a rotation."""
    headers = svix_signed(BODY)
    strange = svix_signed(BODY, "whsec_c3RyYW5nZQ==")["svix-signature"]
    both = [headers["svix-signature"], strange][::order]
    assert deliver(web, headers | {"svix-signature": " ".join(both)}).status_code == 202


@pytest.mark.parametrize(
    "signature",
    ["", "v1", "v1,", "v1,!!!", "v1,a", "v1,a,b", "v2,YQ==", "garbage", "v1,YQ== v1", ",",
     "v1,é", "v1a,YQ=="],
)  # fmt: skip
def test_a_garbled_signature_gets_401(web: Web, signature: str) -> None:
    """A malformed signature gets 401, although the library raises ValueError or binascii.Error."""
    response = deliver(web, svix_signed(BODY) | {"svix-signature": signature})
    assert "svix-signature" in problem_in(response, 401, "bad_signature")
    assert web.stored() == []


@pytest.mark.parametrize("stamp", ["", "soon", "nan", "inf", "-1", "1e300", "9" * 400, "1.5"])
def test_a_garbled_timestamp_gets_401(web: Web, stamp: str) -> None:
    """A malformed timestamp gets 401."""
    response = deliver(web, svix_signed(BODY) | {"svix-timestamp": stamp})
    problem_in(response, 401, "bad_signature")


@pytest.mark.parametrize("off", [-310, 310])
def test_a_time_out_of_tolerance_gets_401(web: Web, off: int) -> None:
    """A timestamp more than five minutes off gets 401."""
    response = deliver(web, svix_signed(BODY, at=time.time() + off))
    assert "five minutes" in problem_in(response, 401, "bad_signature")


@pytest.mark.parametrize(
    ("missing", "reason"),
    [("id", "bad_message_id"), ("timestamp", "bad_signature"), ("signature", "bad_signature")],
)
def test_a_missing_header_gets_401(web: Web, missing: str, reason: str) -> None:
    """A missing header gets 401."""
    headers = svix_signed(BODY)
    del headers[f"svix-{missing}"]
    problem_in(deliver(web, headers), 401, reason)


def test_a_header_given_twice_gets_401(web: Web) -> None:
    """A repeated header gets 401, because only one value would be signed."""
    twice = [*JSON.items(), *svix_signed(BODY).items(), ("svix-id", "msg_2")]
    response = web.client.post(ELEPHANT, content=BODY, headers=twice)
    problem_in(response, 401, "duplicate_header")


def test_the_signature_of_another_body_gets_401(web: Web) -> None:
    """The signature of another body gets 401."""
    problem_in(deliver(web, svix_signed(BODY), BODY + b" "), 401, "bad_signature")


def test_a_body_that_is_not_utf_8_gets_401(web: Web) -> None:
    """A body that is not UTF-8 gets 401, because the library cannot verify it."""
    raw = b'{"type": "\xff"}'
    problem_in(deliver(web, svix_signed(raw), raw), 401, "bad_signature")


def test_wavvs_secret_is_not_valid_for_askelephant(web: Web) -> None:
    """WAVV's secret is not valid at AskElephant's webhook."""
    assert deliver(web, {"X-Webhook-Secret": SVIX_SECRET}).status_code == 401


def test_without_a_secret_every_event_gets_503(valkey_url: str) -> None:
    """Without a configured secret the status is 503, so that Svix tries again."""
    with running_web(valkey_url, askelephant_webhook_secrets="") as web:
        response = deliver(web, svix_signed(BODY))
        detail = problem_in(response, 503, "not_configured")
        assert "BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS" in detail
        assert int(response.headers["retry-after"]) > 0


def test_no_response_disables_the_webhook(web: Web) -> None:
    """No response has ``webhook-delivery: disable``, with which Svix disables an endpoint."""
    for response in (deliver(web, {}), deliver(web, svix_signed(BODY))):
        assert "webhook-delivery" not in response.headers
