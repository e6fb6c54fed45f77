"""Edits and changes of calls: an edit is a decision on the newest record, a change its result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.call import FORMAT, Call
from bridge.store.lease import Lease


@dataclass(frozen=True, slots=True)
class Change:
    """A call before and after a decision, and what is saved with it.

    ``before`` ``None`` = the call is new. The change is only saved while ``lease`` is valid;
    ``ends`` = it releases the lease. ``counts`` are counters that grow by one with the save.
    ``insights`` is a document that names its engagement.
    """

    before: Call | None
    after: Call
    lease: Lease | None = None
    insights: Mapping[str, Any] | None = None
    counts: Sequence[str] = ()
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A decision on the newest record of a call; it is made again if the record has changed.

    ``known`` is the call as it was last read: it is only read again if it was saved since.
    ``decide`` may be called several times and must be pure; if it returns ``None`` or the same
    call, nothing is saved. The other fields are those of ``Change``.
    """

    call_id: str
    decide: Callable[[Call | None], Call | None]
    known: Call | None = None
    lease: Lease | None = None
    insights: Mapping[str, Any] | None = None
    counts: Sequence[str] = ()
    ends: bool = False

    def change(self, before: Call | None) -> Change | None:
        """Return the edit's change of the call, or ``None`` if it changes nothing."""
        after = self.decide(before)
        if after is None or after is before:
            return None
        return Change(before, after, self.lease, self.insights, self.counts, self.ends)


@dataclass(frozen=True, slots=True)
class Saved:
    """A call before and after a save; ``None`` = there is no such call."""

    before: Call | None
    after: Call | None


def decided(edit: Edit, before: Call | Exception | None) -> Change | Saved | Exception:
    """Return the edit's change, ``Saved`` if it changes nothing, or an error of call or edit."""
    if isinstance(before, Exception):
        return before
    try:
        return edit.change(before) or Saved(before, before)
    except Exception as error:  # noqa: BLE001 - returned as the result of this edit
        return error


def is_own(change: Change, found: Call) -> bool:
    """Return whether the record that caused a conflict is this change's own.

    The client sends a save again if the reply was lost
    (https://redis.readthedocs.io/en/latest/retry.html). Without a lease another worker can have
    made the same change, so only a change with a lease is recognised.
    """
    return change.lease is not None and written(found) == written(numbered(change))


def numbered(change: Change) -> Call:
    """Return the call under its next version."""
    version = change.before.version if change.before else 0
    return change.after.but(version=version + 1, format=FORMAT)


def written(call: Call) -> str:
    """Return the stored form of the record: its version, a line feed, its JSON."""
    return f"{call.version}\n{call.model_dump_json(exclude_none=True, exclude_defaults=True)}"
