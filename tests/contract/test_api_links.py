"""The link from a call to its engagement's page is shown only if it is complete."""

import json
from dataclasses import replace

import httpx
import pytest

from bridge.api.links import engagement_links
from bridge.pipeline.events import drain
from config import Settings
from tests.support.in_process_bridge import Bridge
from tests.support.stored_calls import keep
from tests.support.web_process import Web

PAGES = "https://app.askelephant.ai/workspaces"


def deliver(web: Web, workspace_id: object) -> None:
    """Deliver and process a webhook of AskElephant that names this workspace."""
    event = {"type": "v1.contact.created", "workspace_id": workspace_id, "data": {"object": {}}}
    web.elephant(json.dumps(event).encode(), f"msg_{workspace_id!a}".replace(" ", "_"))
    drain(web.services)


def link_under(web: Web, **settings: object) -> str | None:
    """Return the link of an engagement under these settings."""
    changed = replace(web.services, settings=Settings.model_validate(settings))
    return engagement_links(changed).url("ngmt_1")


@pytest.mark.parametrize("workspace_id", [None, "", 7, "acme", "wrks_", "wrks_1/../x", "wrks_é"])
def test_without_a_workspace_there_is_no_link(web: Web, workspace_id: object) -> None:
    """Without a valid workspace id a call has no link."""
    keep(web, "call-1", engagement_id="ngmt_1")
    deliver(web, workspace_id)
    assert web.get("/api/calls/call-1").json()["askelephant_url"] is None


def test_the_workspace_is_learned_from_any_webhook(web: Web) -> None:
    """The workspace id comes from the newest webhook of any type."""
    keep(web, "call-1", engagement_id="ngmt_1")
    keep(web, "call-2")
    for workspace_id in ("wrks_1", "wrks_2"):
        deliver(web, workspace_id)
        expected = f"{PAGES}/{workspace_id}/engagements/ngmt_1"
        assert web.get("/api/calls/call-1").json()["askelephant_url"] == expected
    listed = {
        one["call_id"]: one["askelephant_url"] for one in web.get("/api/calls").json()["data"]
    }
    assert listed == {"call-1": f"{PAGES}/wrks_2/engagements/ngmt_1", "call-2": None}


def test_the_setting_serves_until_a_webhook_names_the_workspace(web: Web) -> None:
    """The configured workspace id is used until a webhook names another."""
    setting = {"askelephant_workspace_id": "wrks_set"}
    assert link_under(web, **setting) == f"{PAGES}/wrks_set/engagements/ngmt_1"
    deliver(web, "wrks_1")
    assert link_under(web, **setting) == f"{PAGES}/wrks_1/engagements/ngmt_1"


@pytest.mark.parametrize(
    ("template", "url"),
    [
        ("https://crm.example.com/{engagement_id}", "https://crm.example.com/ngmt_1"),
        ("https://x/{{workspace_id}}/{engagement_id}", "https://x/{workspace_id}/ngmt_1"),
        ("https://x/{workspace_id}/{engagement_id}", None),
    ],
)
def test_a_template_without_the_workspace_needs_none(
    web: Web, template: str, url: str | None
) -> None:
    """A link template without the workspace needs no workspace id."""
    assert link_under(web, askelephant_url_template=template) == url


def test_the_sandboxs_webhooks_lead_to_its_own_page(bridge: Bridge) -> None:
    """The link from the sandbox's webhooks opens a page of the sandbox."""
    root = bridge.sandbox.base_url.removesuffix("/api")
    template = f"{root}/workspaces/{{workspace_id}}/engagements/{{engagement_id}}"
    bridge.change_settings(askelephant_url_template=template)
    found = bridge.process(bridge.dial())
    workspace_id = httpx.get(f"{root}/sandbox/journal").json()["workspace_id"]
    bridge.services.workspace.learn(workspace_id)
    url = engagement_links(bridge.services).url(found.engagement_id)
    assert url is not None
    page = httpx.get(url)
    assert (page.status_code, str(found.engagement_id) in page.text) == (200, True)
    assert httpx.get(url.replace("wrks_", "wrks_0")).status_code == 404
    assert httpx.get(f"{url}0").status_code == 404


def test_another_workspace_than_before_is_logged(bridge: Bridge) -> None:
    """A webhook of another workspace than before is logged."""
    for workspace_id in ("wrks_1", "wrks_1", "wrks_2"):
        bridge.services.workspace.learn(workspace_id)
    (line,) = bridge.logged("workspace.changed")
    assert (line["workspace_id"], line["former"]) == ("wrks_2", "wrks_1")
