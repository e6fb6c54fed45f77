"""Builds the request that creates the engagement of a call in AskElephant.

Source: https://docs.askelephant.ai/dialer-integration, "WAVV-specific guidance".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from pydantic import ValidationError

from bridge.domain.call import Call
from bridge.domain.engagement import EngagementRequest
from bridge.domain.links import is_link
from bridge.domain.participants import Agent, People, find_owner, people
from bridge.domain.recording import link
from bridge.domain.title import title
from bridge.reasons import Reason


@dataclass(frozen=True, slots=True)
class Mapper:
    """The operator's settings for engagements.

    ``agents`` maps WAVV's user ids to agents, and ``lines`` maps caller ids to agents. A line that
    several agents share is mapped to ``None``. The templates contain only known placeholders,
    because the templates were checked when the settings were read.
    """

    title_template: str = "Call with {contact}"
    external_id_template: str = "wavv-call-{call_id}"
    external_url_template: str = "wavv://call/{call_id}"
    run_workflows: bool = True
    is_private: bool | None = None
    agents: Mapping[str, Agent] = field(default_factory=dict)
    lines: Mapping[str, Agent | None] = field(default_factory=dict)

    def knows(self, agent: str) -> bool:
        """Return whether the agents file has one agent for this WAVV user id or caller id."""
        return agent in self.agents or self.lines.get(agent) is not None


@dataclass(frozen=True, slots=True)
class Mapped:
    """A valid request, its participants with their roles, and slugs of what the request lacks."""

    request: EngagementRequest
    people: People
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsubmittable:
    """A call that is not submitted, because AskElephant would reject the request.

    ``reason`` is the slug of the first broken rule. ``errors`` lists all broken rules, with the
    keys ``field``, ``code`` and ``message``.
    """

    reason: Reason
    errors: tuple[dict[str, str], ...] = ()


def engagement_request(call: Call, mapper: Mapper) -> Mapped | Unsubmittable:
    """Return the request that submits a recorded call, or why the call cannot be submitted.

    An earlier request may have created the engagement. The next request therefore has the same
    ``external_id`` and ``external_url``, even if a template or the call page has changed since.
    Otherwise the next request would create a second engagement, or look like a collision with the
    first engagement.
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
        errors = tuple(
            {"field": ".".join(map(str, one["loc"])), "code": one["type"], "message": one["msg"]}
            for one in error.errors(include_input=False, include_url=False)
        )
        code = errors[0]["code"]
        return Unsubmittable(Reason(code) if "url" in code else Reason.REQUEST_INVALID, errors)
    notes = [owner.note] if owner.note is not None else []
    page = metadata.call_url
    if page is not None and call.external_url is None and not is_link(page):
        notes.append("call_url_unusable")
    return Mapped(request, sent, (*notes, *sent.notes))


def external_id(call: Call, template: str) -> str:
    """Return the ``external_id`` of the call, by which AskElephant recognises repeated submissions.

    It is unique in the AskElephant workspace:
    https://docs.askelephant.ai/api-reference/engagements/create-engagement
    """
    return template.format_map({"call_id": call.call_id})


def external_url(call: Call, template: str) -> str:
    """Return the link to the call: WAVV's call page, or the template if WAVV sent no valid link."""
    page = call.metadata.call_url
    if page is not None and is_link(page):
        return page
    contact_id = call.metadata.lead_id or ""
    wavv_call_id = call.recording_of or call.call_id
    values = {"call_id": quote(wavv_call_id, safe=""), "contact_id": quote(contact_id, safe="")}
    return template.format_map(values)
