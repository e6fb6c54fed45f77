"""From a call to the engagement that AskElephant is asked to create.

Source: AskElephant's dialer integration guide, "WAVV-specific guidance".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from pydantic import ValidationError

from bridge.domain.call import Call
from bridge.domain.engagement import EngagementRequest
from bridge.domain.links import is_link
from bridge.domain.participants import Agent, Owner, People, find_owner, people
from bridge.domain.recording import link
from bridge.domain.title import title


@dataclass(frozen=True, slots=True)
class Mapper:
    """The operator's choices. ``agents``: WAVV user id → agent. ``lines``: caller id → agent.

    A line that several agents share has ``None``.
    The templates were checked when the settings were read: they hold known names only.
    """

    title_template: str = "Call with {contact}"
    external_id_template: str = "wavv-call-{call_id}"
    external_url_template: str = "wavv://call/{call_id}"
    run_workflows: bool = True
    is_private: bool | None = None
    agents: Mapping[str, Agent] = field(default_factory=dict)
    lines: Mapping[str, Agent | None] = field(default_factory=dict)

    def knows(self, agent: str) -> bool:
        """Return whether the directory has one agent for this WAVV user id or caller id."""
        return agent in self.agents or self.lines.get(agent) is not None


@dataclass(frozen=True, slots=True)
class Mapped:
    """A request that AskElephant should accept, and slugs of what is missing or left out.

    ``people`` are its participants with their roles.
    """

    request: EngagementRequest
    people: People
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsubmittable:
    """AskElephant would refuse this request, for ``reason``: it is not even sent."""

    reason: str
    errors: tuple[dict[str, str], ...] = ()


def engagement_request(call: Call, mapper: Mapper) -> Mapped | Unsubmittable:
    """Return the request for a recorded call, or why there cannot be one.

    A request that left before may have made the engagement: whatever changed since (a template, a
    late call page), the next one carries the same ``external_id`` and ``external_url``, or it would
    make a second engagement, or look like a collision with the first.
    """
    metadata, recording = call.metadata, link(call)
    owner = find_owner(metadata, mapper.agents, mapper.lines)
    sent = people(call, owner.agent)
    try:
        request = EngagementRequest(
            title=title(call, mapper.title_template),
            external_id=call.external_id or external_id(call, mapper.external_id_template),
            media_url=recording.url if recording else "",
            external_url=call.external_url or external_url(call, mapper.external_url_template),
            run_workflows=mapper.run_workflows,
            start_at=call.began_at,
            is_private=mapper.is_private,
            transcript=metadata.transcript or None,
            participants=sent.participants,
        )
    except ValidationError as error:
        return _unsubmittable(error)
    return Mapped(request, sent, (*_notes(call, owner), *sent.notes))


def external_id(call: Call, template: str) -> str:
    """Return AskElephant's idempotency key for the call; it counts in the whole workspace."""
    return template.format_map({"call_id": call.call_id})


def external_url(call: Call, template: str) -> str:
    """Return the link back to the call: WAVV's call page if it is a link, else the template."""
    page = call.metadata.call_url
    if page is not None and is_link(page):
        return page
    contact_id = call.metadata.lead_id or ""
    wavv_call_id = call.recording_of or call.call_id
    values = {"call_id": quote(wavv_call_id, safe=""), "contact_id": quote(contact_id, safe="")}
    return template.format_map(values)


def _notes(call: Call, owner: Owner) -> Iterator[str]:
    if owner.note is not None:
        yield owner.note
    page = call.metadata.call_url
    if page is not None and call.external_url is None and not is_link(page):
        yield "call_url_unusable"


def _unsubmittable(error: ValidationError) -> Unsubmittable:
    errors = tuple(
        {"field": ".".join(map(str, one["loc"])), "code": one["type"], "message": one["msg"]}
        for one in error.errors(include_input=False, include_url=False)
    )
    code = errors[0]["code"]
    return Unsubmittable(code if "url" in code else "request_invalid", errors)
