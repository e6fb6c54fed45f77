"""The people on a call as they are sent to AskElephant: who owns it, and what is left out.

A server that checks e-mails and phones rejects the whole call for a bad one, so that only what has
the form of one e-mail or of an E.164 number is sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bridge.domain.call import Call, Metadata
from bridge.domain.engagement import Participant, is_e164, is_email

_NAMED_ADDRESS = re.compile(r"[^<>@]*<\s*([^<>\s]+)\s*>")


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent of the directory, whom AskElephant knows by e-mail first, then by phone."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class Owner(NamedTuple):
    """Who owns a call; ``note`` says why nobody is known to."""

    agent: Agent | None
    note: str | None = None


class People(NamedTuple):
    """The participants to send, and a slug for each field that is left out."""

    participants: tuple[Participant, ...]
    notes: tuple[str, ...]


def find_owner(
    metadata: Metadata, agents: Mapping[str, Agent], lines: Mapping[str, Agent | None]
) -> Owner:
    """Return who owns the call: an agent named by id is looked up by that id only.

    Then counts the e-mail that WAVV sent. The line decides only when no agent is named: it may be
    a colleague's. ``lines`` holds ``None`` for a line that several agents share. A line is no
    workspace user itself, and marking it as owner would be rejected.
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
    """Return agent and lead with what is known of them and may be sent."""
    metadata = call.metadata
    lead = Participant(
        name=metadata.lead_name,
        email=one_email(metadata.lead_email),
        phone=_e164(metadata.lead_phone),
    )
    sent = (_agent(call, owner), lead)
    left_out = {
        "lead_email": metadata.lead_email and not lead.email,
        "lead_phone": metadata.lead_phone and not lead.phone,
        "agent_email": metadata.agent_email and not one_email(metadata.agent_email),
    }
    return People(
        tuple(one for one in sent if one != Participant()),
        tuple(f"{field}_left_out" for field, is_left_out in left_out.items() if is_left_out),
    )


def one_email(text: str | None) -> str | None:
    """Return the e-mail that ``text`` is, also out of ``Name <address>``; ``None`` = not one."""
    address = (text or "").strip()
    if named := _NAMED_ADDRESS.fullmatch(address):
        address = named[1]
    return address if is_email(address) else None


def _agent(call: Call, owner: Agent | None) -> Participant:
    """Return the agent: the owner, else the name without the mark that was rejected."""
    metadata = call.metadata
    if owner is None or call.owner_refused:
        if metadata.agent_name is None:
            return Participant()
        return Participant(name=metadata.agent_name, email=one_email(metadata.agent_email))
    email, phone = one_email(owner.email), _e164(owner.phone)
    is_owner = True if email or phone else None
    return Participant(name=owner.name, email=email, phone=phone, is_owner=is_owner)


def _e164(phone: str | None) -> str | None:
    return phone if phone and is_e164(phone) else None
