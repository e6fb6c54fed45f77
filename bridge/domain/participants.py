"""The participants of an engagement: the agent and the lead, and which of them is the owner.

If AskElephant checks e-mails and phones, it rejects the whole request for one malformed value.
Therefore an e-mail is only sent if it is one address, and a phone only if it is an E.164 number.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bridge.domain.call import Call, Metadata
from bridge.domain.emails import one_email
from bridge.domain.engagement import Participant, is_e164

AGENT, LEAD = "agent", "lead"
_BLAMED = re.compile(r"participants\[?\.?([0-9]{1,3})\]?(?:\.(name|email|phone))?")


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent of the operator's agents file.

    AskElephant finds the owner by e-mail, then by phone:
    https://docs.askelephant.ai/api-reference/engagements/create-engagement
    """

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class Owner(NamedTuple):
    """The agent who owns a call. If ``agent`` is ``None``, ``note`` is a slug of the reason."""

    agent: Agent | None
    note: str | None = None


class People(NamedTuple):
    """The participants to send, their roles, and a slug for each field that is left out."""

    participants: tuple[Participant, ...]
    roles: tuple[str, ...]
    notes: tuple[str, ...]


def find_owner(
    metadata: Metadata, agents: Mapping[str, Agent], lines: Mapping[str, Agent | None]
) -> Owner:
    """Return the owner of the call: by the agent's id, else by WAVV's e-mail, else by the line.

    The line is used only if no event named an agent id, because the line may belong to a colleague.
    ``lines`` has ``None`` for a line that several agents share. A call on a line that is not in the
    agents file has no owner, because AskElephant accepts only a user of the workspace as the owner
    (https://docs.askelephant.ai/api-reference/engagements/create-engagement).
    """
    if metadata.agent_id is not None and metadata.agent_id in agents:
        return Owner(agents[metadata.agent_id])
    if email := one_email(metadata.agent_email):
        return Owner(Agent(metadata.agent_name, email))
    line = metadata.agent_phone if metadata.agent_id is None else None
    if line is not None and line in lines:
        return Owner(lines[line], None if lines[line] else "agent_line_shared")
    return Owner(None, "agent_unmapped")


def people(call: Call, owner: Agent | None) -> People:
    """Return the agent and the lead of a call, without fields that AskElephant would reject.

    Left out are malformed fields, fields that AskElephant has rejected before, and a participant
    without any field. The agent is not the owner if ``owner`` is ``None`` or was rejected.
    """
    metadata, agent = call.metadata, Participant()
    if owner is not None and not call.owner_refused:
        email, phone = one_email(owner.email), _e164(owner.phone)
        agent = Participant(name=owner.name, email=email, phone=phone, is_owner=True)
    elif metadata.agent_name is not None:
        agent = Participant(name=metadata.agent_name, email=one_email(metadata.agent_email))
    lead = Participant(
        name=metadata.lead_name,
        email=one_email(metadata.lead_email),
        phone=_e164(metadata.lead_phone),
    )
    sent: dict[str, Participant] = {}
    for role, person in ((AGENT, agent), (LEAD, lead)):
        names = {name for name in ("name", "email", "phone") if f"{role}_{name}" in call.dropped}
        left = person.model_copy(update=dict.fromkeys(names))
        if left.email is None and left.phone is None:
            left = left.model_copy(update={"is_owner": None})
        if left != Participant():
            sent[role] = left
    left_out = {
        "lead_email": metadata.lead_email and not lead.email,
        "lead_phone": metadata.lead_phone and not lead.phone,
        "agent_email": metadata.agent_email and not one_email(metadata.agent_email),
    }
    return People(
        tuple(sent.values()),
        tuple(sent),
        tuple(f"{field}_left_out" for field, is_left_out in left_out.items() if is_left_out),
    )


def droppable(blamed: Sequence[str], sent: People) -> tuple[str, ...]:
    """Return the participants' fields to leave out of the next request, such as ``lead_email``.

    ``blamed`` are the fields that the response names as invalid, as paths such as
    ``participants[1].email``. If a participant is blamed as a whole, its e-mail and phone are left
    out. Returns ``()`` if AskElephant also blamed a field that is not a participant's or was not
    sent, because the next request would be rejected as well.
    """
    found: set[str] = set()
    for field in blamed:
        match = _BLAMED.fullmatch(field)
        place = int(match[1]) if match else len(sent.participants)
        if match is None or place >= len(sent.participants):
            return ()
        names = (match[2],) if match[2] else ("email", "phone")
        held = [name for name in names if getattr(sent.participants[place], name) is not None]
        if not held:
            return ()
        found.update(f"{sent.roles[place]}_{name}" for name in held)
    return tuple(sorted(found))


def _e164(phone: str | None) -> str | None:
    return phone if phone and is_e164(phone) else None
