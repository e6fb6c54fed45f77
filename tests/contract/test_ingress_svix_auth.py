"""AskElephant's webhook: Svix's signatures, and everything its library trips over."""

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
    """Run one web process in the middle of a rotation."""
    with running_web(valkey_url, askelephant_webhook_secrets=f"{SVIX_SECRET},{NEW}") as web:
        yield web


def deliver(web: Web, headers: Mapping[str, str], raw: bytes = BODY) -> httpx.Response:
    """Deliver an event with these headers."""
    return web.client.post(ELEPHANT, content=raw, headers=sent(headers))


@pytest.mark.parametrize("family", ["svix", "webhook"])
@pytest.mark.parametrize(
    "secret", [SVIX_SECRET, SVIX_SECRET.removeprefix("whsec_"), NEW, NEW.removeprefix("whsec_")]
)
def test_every_secret_is_valid_under_either_header_family(
    web: Web, family: str, secret: str
) -> None:
    """Svix's white-label names are accepted too, and a rotation has two secrets."""
    answer = deliver(web, svix_signed(BODY, secret, family=family))
    assert (answer.status_code, answer.content, web.stored()) == (202, b"", [BODY])


@pytest.mark.parametrize("order", [1, -1])
def test_one_good_signature_of_two_is_enough(web: Web, order: int) -> None:
    """Svix signs with the old and the new secret for a day."""
    headers = svix_signed(BODY)
    strange = svix_signed(BODY, "whsec_c3RyYW5nZQ==")["svix-signature"]
    both = [headers["svix-signature"], strange][::order]
    assert deliver(web, headers | {"svix-signature": " ".join(both)}).status_code == 202


@pytest.mark.parametrize(
    "signature",
    ["", "v1", "v1,", "v1,!!!", "v1,a", "v1,a,b", "v2,YQ==", "garbage", "v1,YQ== v1", ",",
     "v1,é", "v1a,YQ=="],
)  # fmt: skip
def test_a_garbled_signature_is_answered_401(web: Web, signature: str) -> None:
    """The library raises ValueError and binascii.Error here: uncaught they would be 500s."""
    answer = deliver(web, svix_signed(BODY) | {"svix-signature": signature})
    assert "svix-signature" in problem_in(answer, 401, "bad_signature")
    assert web.stored() == []


@pytest.mark.parametrize("stamp", ["", "soon", "nan", "inf", "-1", "1e300", "9" * 400, "1.5"])
def test_a_garbled_timestamp_is_answered_401(web: Web, stamp: str) -> None:
    """Not one of them raises."""
    answer = deliver(web, svix_signed(BODY) | {"svix-timestamp": stamp})
    problem_in(answer, 401, "bad_signature")


@pytest.mark.parametrize("off", [-310, 310])
def test_a_time_out_of_tolerance_is_answered_401(web: Web, off: int) -> None:
    """Five minutes, in either direction."""
    answer = deliver(web, svix_signed(BODY, at=time.time() + off))
    assert "five minutes" in problem_in(answer, 401, "bad_signature")


@pytest.mark.parametrize(
    ("missing", "reason"),
    [("id", "bad_message_id"), ("timestamp", "bad_signature"), ("signature", "bad_signature")],
)
def test_a_missing_header_is_answered_401(web: Web, missing: str, reason: str) -> None:
    """All three are needed."""
    headers = svix_signed(BODY)
    del headers[f"svix-{missing}"]
    problem_in(deliver(web, headers), 401, reason)


def test_a_header_given_twice_is_answered_401(web: Web) -> None:
    """Or one of the two would be signed, and the other deduplicated."""
    twice = [*JSON.items(), *svix_signed(BODY).items(), ("svix-id", "msg_2")]
    answer = web.client.post(ELEPHANT, content=BODY, headers=twice)
    problem_in(answer, 401, "duplicate_header")


def test_the_signature_of_another_body_is_answered_401(web: Web) -> None:
    """One byte is enough."""
    problem_in(deliver(web, svix_signed(BODY), BODY + b" "), 401, "bad_signature")


def test_a_body_that_is_not_utf_8_is_answered_401(web: Web) -> None:
    """The library only verifies text: what it cannot verify is not authentic, however signed."""
    raw = b'{"type": "\xff"}'
    problem_in(deliver(web, svix_signed(raw), raw), 401, "bad_signature")


def test_wavvs_secret_opens_wavvs_door_only(web: Web) -> None:
    """The webhooks share nothing."""
    assert deliver(web, {"X-Webhook-Secret": SVIX_SECRET}).status_code == 401


def test_without_a_secret_nobody_comes_in(valkey_url: str) -> None:
    """503 and not 401: Svix keeps trying until the variable is set."""
    with running_web(valkey_url, askelephant_webhook_secrets="") as web:
        answer = deliver(web, svix_signed(BODY))
        told = problem_in(answer, 503, "not_configured")
        assert "BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS" in told
        assert int(answer.headers["retry-after"]) > 0


def test_no_answer_ever_switches_the_webhook_off(web: Web) -> None:
    """Svix ends an endpoint that answers with ``webhook-delivery: disable``."""
    for answer in (deliver(web, {}), deliver(web, svix_signed(BODY))):
        assert "webhook-delivery" not in answer.headers
