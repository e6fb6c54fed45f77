"""The content of an engagement, derived from its ``external_id``: insights, transcript, contacts.

The same ``external_id`` always gets the same content.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bridge.simulator.askelephant.behaviours import Plan
from bridge.simulator.askelephant.options import User
from bridge.simulator.askelephant.stamps import at_text

TASKS = (
    ("Send pricing proposal", "The updated pricing was promised by the end of the week."),
    ("Book a product demo", "A demo for the whole team, with the integrations shown."),
    ("Share the security review", "They need it before the contract can be signed."),
    ("Introduce the success team", "The handover was agreed for next month."),
)
SIGNALS: tuple[tuple[str, str, Any], ...] = (
    ("Budget Discussion", "BOOLEAN", True),
    ("Next Step", "TEXT", "A demo on Thursday"),
    ("Interest", "NUMBER", 8),
    ("Stage", "SINGLE_SELECT", "Evaluation"),
    ("Objections", "MULTI_SELECT", ["Price", "Timing"]),
    ("Decision Date", "DATE", "2026-06-30"),
)
STRANGE_SIGNALS: tuple[tuple[str, str, Any], ...] = (
    ("Sentiment Curve", "TIME_SERIES", {"points": [[0, 0.2], [30, None]]}),
    ("Voice Print", "VECTOR", [0.1, -0.7]),
    ("Nothing Found", "VOID", None),
)
TAGS = ("Discovery", "Follow-up", "Pricing", "Renewal")

Json = dict[str, Any]
Request = Mapping[str, Any]


def action_items(external_id: str, owner: User, now: datetime) -> list[Json]:
    """Return one to three action items, assigned to the owner."""
    count = 1 + _pick(external_id, "items", 3)
    first = _pick(external_id, "task", len(TASKS))
    chosen = [TASKS[(first + index) % len(TASKS)] for index in range(count)]
    return [
        {
            "object": "engagement_action_item",
            "id": _id("ai", external_id, title),
            "title": title,
            "description": description,
            "due_on": (now + timedelta(days=3 + index)).date().isoformat(),
            "assigned_to_user_name": owner.name,
            "assigned_to_user_email": owner.email,
            "created_at": at_text(now),
            "updated_at": at_text(now),
        }
        for index, (title, description) in enumerate(chosen)
    ]


def signals(external_id: str, plan: Plan) -> list[Json]:
    """Return two to four signals; the types among them vary from call to call."""
    count = 2 + _pick(external_id, "signals", 3)
    first = _pick(external_id, "signal", len(SIGNALS))
    chosen = [SIGNALS[(first + index) % len(SIGNALS)] for index in range(count)]
    if "unknown-data-types" in plan:
        chosen += STRANGE_SIGNALS
    return [
        {
            "object": "engagement_signal",
            "id": _id("sig", external_id, name),
            "annotation_definition_id": _id("adef", "workspace", name),
            "name": name,
            "data_type": data_type,
            "value": value,
        }
        for name, data_type, value in chosen
    ]


def transcript(request: Request) -> str:
    """Return the transcript in the request, or a short made-up transcript if there is none."""
    if request.get("transcript"):
        return str(request["transcript"])
    names = [person.get("name") or "Speaker" for person in request.get("participants") or ()]
    ours, theirs = [*names, "Agent", "Customer"][:2]
    return f"{ours}: Thanks for taking the call.\n{theirs}: Gladly. What does it cost?"


def contacts(request: Request) -> list[Json]:
    """Return a contact for each participant of the call except the owner (the agent)."""
    return [
        {
            "object": "contact",
            "id": _id("cntct", person.get("email") or "", person.get("phone") or str(index)),
            "name": person.get("name"),
            "email": person.get("email"),
            "phone": person.get("phone"),
        }
        for index, person in enumerate(request.get("participants") or ())
        if not person.get("is_owner")
    ]


def companies(request: Request) -> list[Json]:
    """Return the companies of the contacts, one for each domain of the contacts' e-mails."""
    emails = (contact["email"] or "" for contact in contacts(request))
    domains = sorted({email.rpartition("@")[2] for email in emails if "@" in email})
    return [
        {"object": "company", "id": _id("cmpny", domain, ""), "name": domain, "domain": domain}
        for domain in domains
    ]


def tags(external_id: str) -> list[Json]:
    """Return the one tag of the call, in a list."""
    name = TAGS[_pick(external_id, "tag", len(TAGS))]
    return [{"object": "tag", "id": _id("tag", "workspace", name), "name": name}]


def user(owner: User) -> Json:
    """Return the owner in the form of the response to ``expand=owner``."""
    return {"object": "user", "id": owner.id, "name": owner.name, "email": owner.email}


def media_url(engagement_id: str, now: datetime) -> str:
    """Return a link to the recording that expires in an hour."""
    expires = int((now + timedelta(hours=1)).timestamp())
    return f"https://media.askelephant.example/{engagement_id}.mp3?expires={expires}"


def talk_seconds(external_id: str) -> int:
    """Return the duration of the call in seconds."""
    return 30 + _pick(external_id, "duration", 1770)


def moment(external_id: str, what: str, first: float, last: float) -> float:
    """Return a number from ``first`` to ``last``, derived from ``external_id`` and ``what``."""
    return first + (last - first) * _pick(external_id, what, 1000) / 1000


def _pick(external_id: str, what: str, choices: int) -> int:
    return int.from_bytes(_digest(external_id, what)[:8]) % choices


def _id(prefix: str, external_id: str, what: str) -> str:
    return f"{prefix}_01{_digest(external_id, prefix + what).hex()[:20].upper()}"


def _digest(external_id: str, what: str) -> bytes:
    return hashlib.sha256(f"{what}\n{external_id}".encode()).digest()
