"""Extra recordings of a call: a transferred call, for example, has two recordings.

Links are compared without query and fragment, which change with each signature. The main recording
of a call is the newest one, until a request with the main recording was sent. The other recordings
are kept on the record. If ``policy.submits_extras`` is true, each is submitted by a separate call.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from bridge.domain.call import Call, ExtraRecording, Metadata, State, new_call
from bridge.domain.changes import note
from bridge.domain.events import CallHeard
from bridge.domain.policy import Policy
from bridge.domain.timeline import EntryKind
from bridge.reasons import Reason

MOST_EXTRAS = 20
"""The most extra recordings that are kept for one call.

If WAVV put the signature into the path, each link would look like a new recording. So the number
must be bounded.
"""


def bare_link(url: str) -> str:
    """Return the link without query and fragment, with its scheme and host in lower case."""
    scheme, colon, rest = url.partition("#")[0].partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{colon}{host.lower()}{slash}{path}"


def is_same_recording(link: str, other: str) -> bool:
    """Return whether two links lead to the same recording. Their signatures may differ."""
    return bare_link(link) == bare_link(other)


def extra_call_id(call_id: str, link: str) -> str:
    """Return the id of the separate call that submits the extra recording with this link.

    The id does not depend on the signature of the link, and the part that is added to ``call_id``
    needs no escaping in a URL.
    """
    return f"{call_id}.rec-{blake2b(bare_link(link).encode(), digest_size=4).hexdigest()}"


def without_foreign_link(call: Call, event: CallHeard) -> CallHeard:
    """Return the event, without its link if the link must not replace the call's main recording.

    The link must not replace the main recording if a request with the main recording was sent and
    AskElephant did not reject the recording as not ready, or if a separate call submits the
    recording of this link.
    """
    url = event.metadata.recording_url
    if url is None or not _is_another(call, url):
        return event
    has_call = any(
        extra.call_id is not None and is_same_recording(extra.url, url)
        for extra in call.extra_recordings
    )
    is_not_ready = call.problem is not None and call.problem.reason == Reason.RECORDING_NOT_READY
    is_sent = call.external_id is not None and not is_not_ready
    return _without_link(event) if has_call or is_sent else event


def extras_after(call: Call, event: CallHeard, merged: Metadata) -> tuple[ExtraRecording, ...]:
    """Return the extra recordings of the call after ``event``.

    ``merged`` is the metadata of the call after the event. A new link becomes an extra recording,
    or replaces the main recording. The former main recording then becomes an extra recording.
    """
    former, url = call.metadata.recording_url, event.metadata.recording_url
    extras = call.extra_recordings
    if former is not None and url is not None and _is_another(call, url):
        if _is_main(url, merged):
            others = [extra for extra in extras if not is_same_recording(extra.url, url)]
            stamp = call.stamps.get("recording_url", event.stamp)
            extras = _with(others, ExtraRecording(url=former, stamp=stamp))
        else:
            extras = _with(extras, ExtraRecording(url=url, stamp=event.stamp))
    for link in event.other_links:
        if not _is_main(link, merged):
            extras = _with(extras, ExtraRecording(url=link, stamp=event.stamp))
    return extras


def note_new(before: Call, call: Call, event: CallHeard, now: datetime) -> Call:
    """Return the call with a timeline entry for each recording that ``before`` does not have.

    ``before`` is the same call before the event.
    """
    known = {bare_link(extra.url) for extra in before.extra_recordings}
    after = {bare_link(extra.url) for extra in call.extra_recordings}
    url = event.metadata.recording_url
    links = [bare_link(url)] if url is not None and _is_another(before, url) else []
    links += [link for link in map(bare_link, event.other_links) if link in after]
    for link in dict.fromkeys(links):
        if link not in known:
            call = note(call, now, EntryKind.RECORDING_ANOTHER, link=link, entry=event.entry)
    return call


def separate(call: Call, now: datetime, policy: Policy) -> Call:
    """Return the call, with the id of a separate call for each of its extra recordings.

    The call is returned unchanged if ``policy.submits_extras`` is false, or if the submission of
    its main recording was not sent yet.
    """
    waiting = [extra for extra in call.extra_recordings if extra.call_id is None]
    if not policy.submits_extras or call.external_id is None or not waiting:
        return call
    named = [
        extra if extra.call_id else extra.but(call_id=extra_call_id(call.call_id, extra.url))
        for extra in call.extra_recordings
    ]
    separated = call.but(extra_recordings=tuple(named))
    for extra in waiting:
        call_id = extra_call_id(call.call_id, extra.url)
        details = {"link": bare_link(extra.url), "call_id": call_id}
        separated = note(separated, now, EntryKind.RECORDING_SEPARATED, **details)
    return separated


def call_of_extra(parent: Call, extra: ExtraRecording, now: datetime, policy: Policy) -> Call:
    """Create the call that submits an extra recording of ``parent``.

    Its submission is due after ``policy.settle``.
    """
    call = new_call(extra.call_id or "", now).but(
        state=State.RECORDED,
        recording_of=parent.call_id,
        heard=parent.heard,
        metadata=parent.metadata.model_copy(update={"recording_url": extra.url}),
        stamps=parent.stamps | {"recording_url": extra.stamp},
        due_at=now + policy.settle,
    )
    return note(
        call, now, EntryKind.RECORDING_SEPARATED, link=bare_link(extra.url), of=parent.call_id
    )


def event_for_extra(extra: ExtraRecording, event: CallHeard) -> CallHeard:
    """Return an event of the parent call in the form that applies to the extra recording's call.

    The event keeps its link only if the link leads to the extra recording.
    """
    url = event.metadata.recording_url
    is_its_own = url is not None and is_same_recording(url, extra.url)
    applied = event if is_its_own else _without_link(event)
    return replace(applied, call_id=extra.call_id or "", other_links=())


def _is_another(call: Call, url: str) -> bool:
    """Return whether the call has a main recording and ``url`` leads to another recording."""
    return call.metadata.recording_url is not None and not _is_main(url, call.metadata)


def _is_main(url: str, metadata: Metadata) -> bool:
    main = metadata.recording_url
    return main is not None and is_same_recording(main, url)


def _without_link(event: CallHeard) -> CallHeard:
    return replace(event, metadata=event.metadata.model_copy(update={"recording_url": None}))


def _with(extras: Sequence[ExtraRecording], added: ExtraRecording) -> tuple[ExtraRecording, ...]:
    """Return the recordings and ``added``, sorted by link.

    If the recording of ``added`` is known, its link is replaced by a newer one. If there are
    ``MOST_EXTRAS`` recordings already, a new one is not added.
    """
    links = {bare_link(extra.url): extra for extra in extras}
    link = bare_link(added.url)
    known = links.get(link)
    if known is None and len(links) >= MOST_EXTRAS:
        return tuple(extras)
    if known is None or known.stamp <= added.stamp:
        links[link] = added if known is None else known.but(url=added.url, stamp=added.stamp)
    return tuple(links[key] for key in sorted(links))
