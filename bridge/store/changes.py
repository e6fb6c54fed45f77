"""Edits and changes of calls.

An edit is a function that decides from the newest record of a call how the call changes. The result
of the decision is a change: the call before and after it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.call import FORMAT, Call
from bridge.store.lease import Lease


@dataclass(frozen=True, slots=True)
class Change:
    """A call before and after a decision, and what else is saved with the call.

    ``before`` is ``None`` if the call is new. If ``lease`` is given, the change is only saved while
    the lease is valid, and a change with ``ends`` releases the lease. ``counts`` are names of
    counters to increase by one. ``insights`` is the document of insights to store.
    """

    before: Call | None
    after: Call
    lease: Lease | None = None
    insights: Mapping[str, Any] | None = None
    counts: Sequence[str] = ()
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A decision on the newest record of a call. It is repeated if the record has changed.

    ``decide`` gets the call, or ``None`` if there is no record, and returns the changed call. If
    ``decide`` returns ``None`` or the same call, nothing is saved. ``decide`` may run several times
    and must be pure. ``known`` is the call if it was read before: it is only read again if another
    worker has saved it since. The other fields are those of ``Change``.
    """

    call_id: str
    decide: Callable[[Call | None], Call | None]
    known: Call | None = None
    lease: Lease | None = None
    insights: Mapping[str, Any] | None = None
    counts: Sequence[str] = ()
    ends: bool = False

    def change(self, before: Call | None) -> Change | None:
        """Return the change that ``decide`` makes, or ``None`` if it does not change the call."""
        after = self.decide(before)
        if after is None or after is before:
            return None
        return Change(before, after, self.lease, self.insights, self.counts, self.ends)


@dataclass(frozen=True, slots=True)
class Saved:
    """A call before and after a save. Each is ``None`` if the call had no record at that time."""

    before: Call | None
    after: Call | None


def decided(edit: Edit, before: Call | Exception | None) -> Change | Saved | Exception:
    """Return the change of an edit, or ``Saved`` if the edit does not change the call.

    Returns the error if the call could not be read or if ``decide`` of the edit raised.
    """
    if isinstance(before, Exception):
        return before
    try:
        return edit.change(before) or Saved(before, before)
    except Exception as error:  # noqa: BLE001 - returned as the result of this edit
        return error


def is_own(change: Change, found: Call) -> bool:
    """Return whether ``found``, the record that caused a conflict, was saved by this change.

    redis-py sends a save again if the reply was lost
    (https://redis.readthedocs.io/en/latest/retry.html), and the second save then finds the first
    one. Without a lease another worker may have made the same change, so the result is only true
    for a change with a lease.
    """
    return change.lease is not None and written(found) == written(numbered(change))


def numbered(change: Change) -> Call:
    """Return the call after the change, with the next version number."""
    version = change.before.version if change.before else 0
    return change.after.but(version=version + 1, format=FORMAT)


def written(call: Call) -> str:
    """Return the stored form of the call: its version, a line feed, its JSON."""
    return f"{call.version}\n{call.model_dump_json(exclude_none=True, exclude_defaults=True)}"
