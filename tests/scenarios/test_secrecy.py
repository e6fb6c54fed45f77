"""The whole demo at debug level shows no secret and no personal data where it must not.

No link of an event is fetched: all links lead to a listener, which gets no connection.
"""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

import httpx
import pytest

from bridge.domain.call import Kind
from bridge.simulator.wavv.channels import delivery
from bridge.simulator.wavv.delivery import PATH, Delivery
from bridge.simulator.wavv.samples import sample_call
from tests.support.demo_run import OUR_STORE, TEXTS, DemoRun, running_demo
from tests.support.waiting import wait_for
from tests.support.web_process import svix_signed

BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRun]:
    """Run the demo once."""
    with running_demo(tmp_path_factory.mktemp("secrecy")) as running:
        yield running


def test_the_search_finds_what_is_there(demo: DemoRun) -> None:
    """The search finds people in the API's responses, so it works."""
    shown = demo.api("/api/calls?limit=200").text
    found = demo.found_in(shown)
    for call in demo.calls[::2]:
        assert {call.lead_name, call.lead_phone} <= set(found)
    assert demo.found_in(demo.redis_url)
    first, talk = demo.calls[0], demo.calls[-1]
    paths = (talk.call_id, f"{talk.call_id}/insights", f"{first.call_id}/insights")
    found = demo.found_in("".join(demo.api(f"/api/calls/{path}").text for path in paths))
    assert {*TEXTS.values(), talk.lead_name, "Key Owner", "key.owner@workspace.example"} <= {*found}


def test_the_search_is_for_every_kind(demo: DemoRun) -> None:
    """The search finds keys, secrets, passwords, names, numbers, addresses and signatures."""
    env = demo.processes["worker"].command.env
    kinds = [
        env["BRIDGE_ASKELEPHANT_API_KEY"],
        env["BRIDGE_WAVV_SECRETS"],
        env["BRIDGE_API_TOKENS"],
    ]
    kinds += [*env["BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS"].split(","), env["FLOWER_BASIC_AUTH"]]
    kinds += [demo.redis_url, *(call.lead_email for call in demo.calls)]
    kinds += [f"+1{call.lead_phone}" for call in demo.calls]
    kinds += [call.recording_url for call in demo.calls]
    assert [one for one in kinds if not demo.found_in(f"a line with {one} in it")] == []


def test_no_command_line_has_a_secret(demo: DemoRun) -> None:
    """No command line has a secret, because every user of the machine can read it."""
    words = "\n".join(" ".join(one.command.argv) for one in demo.processes.values())
    assert "uvicorn" in words
    assert demo.found_in(words) == []


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/api/openapi.json"])
def test_open_routes_show_no_private_value(demo: DemoRun, path: str) -> None:
    """The routes without a token show no private value."""
    shown = demo.api(path, token="none").text
    assert shown
    assert demo.found_in(shown) == []


@pytest.mark.parametrize("name", ["web", "worker", "beat", "flower", "sandbox"])
def test_no_process_logs_it(demo: DemoRun, name: str) -> None:
    """No process logs a private value, at debug level and with a password on Redis."""
    written = demo.processes[name].output()
    assert demo.found_in(written) == []
    assert written or name in {"beat", "flower"}


def test_the_broker_is_given_ids_only(demo: DemoRun) -> None:
    """What the broker stores holds ids only: messages, events and remote control."""
    theirs = [line for line in demo.commands if not OUR_STORE.search(line)]
    opened = [_decoded(found) for line in theirs for found in BASE64.findall(line)]
    whole = "\n".join(theirs + opened)
    for expected in ("tasks.submit.submit_recording", "tasks.insights.fetch_insights", "celeryev"):
        assert expected in whole
    assert any(call.call_id in whole for call in demo.calls)
    assert demo.found_in(whole) == []


def test_flower_shows_ids_only(demo: DemoRun) -> None:
    """Flower's pages and API show ids only."""
    tasks = wait_for(
        lambda: demo.flower("/api/tasks?limit=1000").json(),
        lambda tasks: any(demo.calls[-1].call_id in str(task["args"]) for task in tasks.values()),
        "Flower shows the tasks of the last call",
    )
    worker = next(iter(demo.flower("/api/workers?refresh=1").json()))
    paths = ["/", "/workers", "/tasks", "/broker", "/api/workers", f"/worker/{worker}"]
    paths += ["/metrics", "/api/queues/length", "/api/task/types"]
    paths += [f"/task/{task}" for task in list(tasks)[:20]]
    paths += [f"/api/task/info/{task}" for task in list(tasks)[:20]]
    pages = {path: demo.flower(path) for path in paths}
    assert {path: page.status_code for path, page in pages.items() if not page.is_success} == {}
    shown = json.dumps(tasks) + "".join(page.text for page in pages.values())
    assert demo.found_in(shown) == []


def test_flower_shows_nothing_without_its_password(demo: DemoRun) -> None:
    """Flower's pages and API need its password."""
    for path in ("/workers", "/tasks", "/api/tasks", "/api/workers"):
        assert demo.flower(path, "wrong").status_code == 401


def test_error_responses_repeat_nothing(demo: DemoRun) -> None:
    """Error responses repeat no private value of the request."""
    call = demo.calls[0]
    sound = delivery(call, Kind.RECORDED)
    data = json.loads(sound.body)
    wrong = [
        sound.body[:-1],
        json.dumps(data | {"data": data["data"] | {"id": ""}}).encode(),
        json.dumps(data | {"event": "", "data": data["data"] | {"id": "undefined"}}).encode(),
        json.dumps(data | {"data": data["data"] | {"id": f"\ufffd{call.lead_name}"}}).encode(),
        sound.body.replace(b'"data"', b'"event": 1, "data"'),
    ]
    responses = demo.post([Delivery(PATH, body) for body in wrong])
    assert len(responses) == len(wrong)
    url = f"{demo.demo.web_url}{PATH}?secret={demo.demo.wavv_secret}"
    headers = {"Content-Type": "application/json", "X-WAVV-Signature": call.lead_name}
    responses.append(httpx.post(url, content=sound.body, headers=headers, trust_env=False).text)
    for path in (f"/api/calls/{call.lead_phone}", f"/api/calls?limit={call.lead_phone}x"):
        responses += [demo.api(path).text, demo.api(path, token="wrong").text]
    orders = [{"state": "failed", name: call.lead_name} for name in ("state", "pace", "since")]
    responses += [
        demo.replay(posted).text for posted in (*orders, {call.lead_email: 1}, call.lead_phone)
    ]
    hook = f"{demo.demo.web_url}/webhooks/askelephant"
    headers = {"Content-Type": "application/json", "svix-id": call.lead_phone}
    responses.append(httpx.post(hook, content=sound.body, headers=headers, trust_env=False).text)
    assert demo.found_in("\n".join(responses)) == []


def test_nothing_of_an_event_is_fetched(demo: DemoRun) -> None:
    """Links of events that lead to this machine, in every spelling, are never fetched."""
    rng, now = Random(7), datetime.now(UTC)  # noqa: S311 - made-up calls
    posted = []
    for url in demo.listener.urls("a.mp3"):
        body = json.loads(delivery(sample_call(rng, now), Kind.RECORDED).body)
        links = dict.fromkeys(
            ("callUrl", "contactUrl", "external_url", "webhookUrl", "avatar"), url
        )
        body["data"] |= {"recordingUrl": url, **links}
        posted.append(Delivery(PATH, json.dumps(body | links).encode()))
    assert demo.post(posted) == []
    assert _from_askelephant(demo, demo.listener.urls("x")[0]) == 202
    wait_for(demo.has_ended, bool, "every call comes to rest")
    assert demo.listener.heard == []


def test_no_process_wrote_a_file(demo: DemoRun) -> None:
    """The processes write no files, so they can run on a read-only file system."""
    written = {path.name for path in demo.directory.rglob("*")}
    assert written == {f"{name}.log" for name in demo.processes}


def _decoded(found: str) -> str:
    try:
        return base64.b64decode(found + "=" * (-len(found) % 4)).decode(errors="replace")
    except ValueError:
        return ""


def _from_askelephant(demo: DemoRun, url: str) -> int:
    """Post a webhook whose every link leads to the listener; return the status."""
    secret = demo.processes["web"].command.env["BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS"].split(",")[0]
    engagement = {"object": "engagement", "id": "ngmt_01X", "external_url": url, "media_url": url}
    event = {"type": "v1.engagement.transcript_timeline.completed", "data": {"object": engagement}}
    raw = json.dumps(event).encode()
    headers = {"Content-Type": "application/json", **svix_signed(raw, secret)}
    hook = f"{demo.demo.web_url}/webhooks/askelephant"
    return httpx.post(hook, content=raw, headers=headers, trust_env=False).status_code
