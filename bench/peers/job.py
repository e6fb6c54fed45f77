"""The job that all peers share: the fields of an event to store, and the request that submits."""

import os
from typing import Any

BASE_URL = os.environ.get("BRIDGE_ASKELEPHANT_BASE_URL", "http://127.0.0.1:1/api")
HEADERS = {"Authorization": os.environ.get("BRIDGE_ASKELEPHANT_API_KEY", "nobodys")}
REDIS_URL = os.environ.get("BRIDGE_REDIS_URL", "redis://127.0.0.1:1/0")
EXPAND = {"expand": "action_items,signals,transcript"}
Json = dict[str, Any]


def fields(event: Json) -> dict[str, str]:
    """Return the fields of WAVV's event to store. Those of later events overwrite earlier ones."""
    return {key: str(value) for key, value in event["data"].items() if value is not None}


def engagement(call: dict[str, str]) -> Json:
    """Build the body of the request that submits a call to AskElephant."""
    call_id = call["id"]
    return {
        "type": "CALL",
        "title": f"Call with {call.get('contactName') or call.get('phone')}",
        "source_system": "wavv",
        "external_id": f"wavv-call-{call_id}",
        "external_url": f"wavv://call/{call_id}",
        "media_url": call["recordingUrl"],
        "run_workflows": True,
        "start_at": call.get("startedAt"),
        "participants": [{"name": call.get("contactName"), "phone": call.get("phone")}],
    }


def call_of(event: Json) -> str:
    """Return the call id in AskElephant's transcript event, from the event's ``external_url``."""
    return str(event["data"]["object"]["external_url"]).rpartition("/")[2]
