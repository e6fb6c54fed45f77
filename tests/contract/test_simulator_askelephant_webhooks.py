"""The sandbox's webhooks at a receiver: signed, repeated, late, early, and badly signed."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from svix.webhooks import Webhook, WebhookVerificationError

from bridge.simulator.askelephant import SandboxOptions, Timings
from bridge.simulator.askelephant.options import DEFAULT_WEBHOOK_SECRET
from tests.support.sandbox import Hook, Receiver, Sandbox, running_receiver, running_sandbox

READY = "v1.engagement.transcript_timeline.completed"
NEW_SECRET = "whsec_bmV3LXNlY3JldC1hZnRlci10aGUtcm90YXRpb24="


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver that accepts everything."""
    with running_receiver() as running:
        yield running


@pytest.fixture
def sandbox(receiver: Receiver) -> Iterator[Sandbox]:
    """Run a sandbox in which no time passes, with the receiver's URL."""
    with running_sandbox(SandboxOptions(scale=0, webhook_url=receiver.url)) as running:
        yield running


def is_valid(hook: Hook, secret: str = DEFAULT_WEBHOOK_SECRET) -> bool:
    """Return whether Svix's own library accepts the webhook."""
    try:
        Webhook(secret).verify(hook.body, dict(hook.headers))
    except WebhookVerificationError:
        return False
    return True


def test_the_transcript_event_comes_signed_once_it_is_ready(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    """The transcript webhook is signed, has the documented envelope, and no external_id."""
    created = sandbox.submit("a").json()
    hook = receiver.next()
    assert is_valid(hook)
    event = json.loads(hook.body)
    shown = event["data"]["object"]
    assert (event["type"], event["api_version"]) == (READY, "v1")
    assert (event["id"][:4], event["workspace_id"][:5]) == ("evt_", "wrks_")
    assert (shown["id"], shown["processing_status"]) == (created["id"], "COMPLETED")
    assert (shown["external_url"], shown["object"]) == ("wavv://call/a", "engagement")
    assert not {"external_id", "action_items", "signals"} & set(shown)
    assert shown["end_at"] > shown["start_at"]


@pytest.mark.parametrize("marker", ["failed", "stuck", "no-webhook", "collision"])
def test_some_calls_have_no_event(sandbox: Sandbox, receiver: Receiver, marker: str) -> None:
    """Failed, stuck and silent calls and collisions send no webhook."""
    engagement_id = sandbox.submit(f"a~{marker}").json()["id"]
    assert sandbox.settled()["deliveries"] == []
    assert receiver.arrived.empty()
    status = sandbox.read(engagement_id).json()["processing_status"]
    assert status == {"failed": "FAILED", "stuck": "PROCESSING", "no-webhook": "COMPLETED"}.get(
        marker, "PENDING"
    )


def test_an_early_event_is_accepted_before_the_response(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    """An early webhook is accepted before the POST gets its response."""
    assert sandbox.submit("a~early-webhook").status_code == 201
    assert not receiver.arrived.empty()
    journal = sandbox.settled()
    assert journal["deliveries"][0]["answered_at"] <= journal["requests"][0]["answered_at"]
    assert journal["engagements"][0]["signals"] > 0


@pytest.mark.parametrize(("marker", "times"), [("twice-webhook", 2), ("resent-webhook.3", 4)])
def test_a_resent_event_keeps_its_id_and_its_bytes(
    sandbox: Sandbox, receiver: Receiver, marker: str, times: int
) -> None:
    """A repeated webhook has the same id and bytes."""
    sandbox.submit(f"a~{marker}")
    deliveries = sandbox.settled()["deliveries"]
    hooks = [receiver.next() for _ in range(times)]
    assert receiver.arrived.empty()
    assert len(deliveries) == times
    assert len({hook.headers["svix-id"] for hook in hooks}) == 1
    assert len({hook.body for hook in hooks}) == 1


@pytest.mark.parametrize(
    ("marker", "manners", "valid"),
    [
        ("two-signatures", ["two-signatures"], [True]),
        ("bad-signature-first", ["bad-signature", "valid"], [False, True]),
        ("old-timestamp-first", ["old-timestamp", "valid"], [False, True]),
    ],
)
def test_signatures_can_be_wrong_before_they_are_right(
    marker: str, manners: list[str], valid: list[bool]
) -> None:
    """A webhook with a bad signature is tried again with a good one and the same id."""
    statuses = [202 if good else 401 for good in valid]
    with (
        running_receiver(*statuses) as receiver,
        running_sandbox(SandboxOptions(scale=0, webhook_url=receiver.url)) as sandbox,
    ):
        sandbox.submit(f"a~{marker}")
        deliveries = sandbox.settled()["deliveries"]
        hooks = [receiver.next() for _ in valid]
    assert [entry["manner"] for entry in deliveries] == manners
    assert [entry["status"] for entry in deliveries] == statuses
    assert [entry["attempt"] for entry in deliveries] == list(range(1, len(valid) + 1))
    assert [is_valid(hook) for hook in hooks] == valid
    assert len({hook.headers["svix-id"] for hook in hooks}) == 1
    assert len(hooks[0].headers["svix-signature"].split()) == (2 if "two" in marker else 1)


def test_an_event_that_is_never_well_signed_is_given_up() -> None:
    """A webhook that is never well signed is tried eight times; a resend is well signed."""
    with (
        running_receiver(*[401] * 8) as receiver,
        running_sandbox(SandboxOptions(scale=0, webhook_url=receiver.url)) as sandbox,
    ):
        sandbox.submit("a~bad-signature")
        assert len(sandbox.settled()["deliveries"]) == 8
        assert not any(is_valid(receiver.next()) for _ in range(8))
        sandbox.control("resend", {"external_id": "a~bad-signature"})
        assert is_valid(receiver.next())


@pytest.mark.parametrize("status", [301, 307, 400, 500])
def test_anything_but_a_2xx_is_tried_again(status: int) -> None:
    """Any status except 2xx is tried again, and redirects are not followed."""
    with (
        running_receiver(status) as receiver,
        running_sandbox(SandboxOptions(scale=0, webhook_url=receiver.url)) as sandbox,
    ):
        sandbox.submit("a")
        deliveries = sandbox.settled()["deliveries"]
    assert [entry["status"] for entry in deliveries] == [status, 202]


def test_a_receiver_that_is_not_there_is_tried_again(sandbox: Sandbox, receiver: Receiver) -> None:
    """A receiver that cannot be reached is tried again, and the journal has the error."""
    sandbox.control("webhook", {"url": "http://127.0.0.1:1/hook"})
    sandbox.submit("a")
    while not sandbox.journal()["deliveries"]:
        pass
    sandbox.control("webhook", {"url": receiver.url})
    assert is_valid(receiver.next())
    first = sandbox.settled()["deliveries"][0]
    assert (first["status"], first["error"]) == (None, "ConnectError")


def test_a_rotation_signs_with_both_secrets(sandbox: Sandbox, receiver: Receiver) -> None:
    """During a rotation webhooks are signed with both secrets."""
    sandbox.control("webhook", {"secrets": [NEW_SECRET, DEFAULT_WEBHOOK_SECRET]})
    sandbox.submit("a")
    hook = receiver.next()
    assert is_valid(hook, NEW_SECRET)
    assert is_valid(hook, DEFAULT_WEBHOOK_SECRET)


def test_an_event_can_be_sent_again_by_hand(sandbox: Sandbox, receiver: Receiver) -> None:
    """A webhook can be resent through the control API with its id; an unknown call gets 404."""
    engagement_id = sandbox.submit("a~no-webhook").json()["id"]
    sandbox.settled()
    responses = [sandbox.control("resend", {"engagement_id": engagement_id}) for _ in range(2)]
    ids = {receiver.next().headers["svix-id"] for _ in responses}
    assert ids == {response.json()["svix_id"] for response in responses}
    assert len(ids) == 1
    assert sandbox.control("resend", {"external_id": "unknown"}).status_code == 404


def test_events_may_come_in_the_wrong_order(sandbox: Sandbox, receiver: Receiver) -> None:
    """Webhooks can come in the wrong order."""
    sandbox.submit("a~unordered-webhook")
    types = [json.loads(receiver.next().body)["type"] for _ in range(2)]
    assert types == [READY, "v1.engagement.created"]


def test_a_noisy_workspace_sends_every_change(receiver: Receiver) -> None:
    """With ``noise`` the creation and every change of an engagement send webhooks."""
    options = SandboxOptions(scale=0, webhook_url=receiver.url, noise=True)
    with running_sandbox(options) as sandbox:
        sandbox.submit("a")
        deliveries = sandbox.settled()["deliveries"]
    types = [entry["type"] for entry in deliveries]
    assert types.count("v1.engagement.created") == 1
    assert types.count("v1.engagement.updated") == 4
    assert types.count(READY) == 1
    assert len({entry["svix_id"] for entry in deliveries}) == 6


@pytest.mark.parametrize(
    ("marker", "found"),
    [("partial-insights", (False, True)), ("no-insights", (False, False)), ("", (True, True))],
)
def test_insights_come_in_part_or_never(
    sandbox: Sandbox, marker: str, found: tuple[bool, bool]
) -> None:
    """Insights can come in part or never."""
    engagement_id = sandbox.submit(f"a~{marker}").json()["id"]
    sandbox.settled()
    body = sandbox.read(engagement_id, "action_items", "signals").json()
    assert (bool(body["action_items"]), bool(body["signals"])) == found


def test_insights_are_not_there_when_the_transcript_is() -> None:
    """When an engagement is COMPLETED its insights may be missing."""
    with (
        running_receiver() as receiver,
        running_sandbox(SandboxOptions(scale=0.01, webhook_url=receiver.url)) as sandbox,
    ):
        engagement_id = sandbox.submit("a~late-insights").json()["id"]
        receiver.next()
        body = sandbox.read(engagement_id, "action_items", "signals", "transcript").json()
    assert body["processing_status"] == "COMPLETED"
    assert body["transcript"]
    assert (body["action_items"], body["signals"]) == ([], [])


def test_a_late_event_comes_long_after_completion(receiver: Receiver) -> None:
    """A late webhook comes after its delay, which is scaled."""
    options = SandboxOptions(scale=0.01, webhook_url=receiver.url)
    with running_sandbox(options) as sandbox:
        sandbox.submit("a~late-webhook.40+no-insights")
        journal = sandbox.settled()
    completed = datetime.fromisoformat(journal["engagements"][0]["updated_at"])
    sent = datetime.fromisoformat(journal["deliveries"][0]["at"])
    assert timedelta(seconds=0.39) < sent - completed


def test_a_reset_ends_what_was_going_on() -> None:
    """A reset stops all work, and empties the journal."""
    with (
        running_receiver() as receiver,
        running_sandbox(SandboxOptions(webhook_url=receiver.url)) as sandbox,
    ):
        sandbox.submit("a~slow-media.0.01")
        assert sandbox.journal()["settled"] is False
        sandbox.control("reset")
        journal = sandbox.journal()
        assert journal.pop("workspace_id").startswith("wrks_")
        assert journal == {"settled": True, "requests": [], "engagements": [], "deliveries": []}
        assert receiver.arrived.empty()


@pytest.mark.parametrize("step", [600, -600])
def test_the_signers_clock_can_be_off(sandbox: Sandbox, receiver: Receiver, step: int) -> None:
    """The clock of the signatures can be wrong in both directions."""
    sandbox.control("webhook", {"clock_step": step})
    sandbox.submit("a")
    assert not is_valid(receiver.next())
    sandbox.control("webhook", {"clock_step": 0})
    sandbox.submit("b")
    assert is_valid(receiver.next())


def test_a_transcript_can_come_hours_late() -> None:
    """With ``late-transcript`` the engagement is not COMPLETED before its webhook."""
    timings = Timings(media_fetch=0, pending=0, processing=0)
    with running_receiver() as receiver:
        options = SandboxOptions(scale=0.0001, timings=timings, webhook_url=receiver.url)
        with running_sandbox(options) as sandbox:
            engagement_id = sandbox.submit("a~late-transcript.7200").json()["id"]
            assert sandbox.read(engagement_id).json()["processing_status"] != "COMPLETED"
            event = json.loads(receiver.next().body)
    shown = event["data"]["object"]
    assert (shown["id"], shown["processing_status"]) == (engagement_id, "COMPLETED")


def test_a_deleted_engagement_has_its_event(sandbox: Sandbox, receiver: Receiver) -> None:
    """A deleted engagement sends a webhook once, and the next one stays."""
    external_id = "a~deleted+no-webhook"
    first = sandbox.submit(external_id).json()["id"]
    sandbox.settled()
    event = json.loads(receiver.next().body)
    assert (event["type"], event["data"]["object"]["id"]) == ("v1.engagement.deleted", first)
    second = sandbox.submit(external_id).json()["id"]
    sandbox.settled()
    assert sandbox.read(second).status_code == 200


def test_a_normalised_link_is_in_responses_and_events(sandbox: Sandbox, receiver: Receiver) -> None:
    """A normalised link is in responses and webhooks."""
    created = sandbox.submit("a~normal-url", external_url="https://CRM.Example.com?id=A")
    assert created.json()["external_url"] == "https://crm.example.com/?id=A"
    event = json.loads(receiver.next().body)
    assert event["data"]["object"]["external_url"] == "https://crm.example.com/?id=A"
