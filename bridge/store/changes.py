"""What is written to a call: an edit decides on the call as it stands, a change is its result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.domain.call import FORMAT, Call
from bridge.store.lease import Lease


@dataclass(frozen=True, slots=True)
class Change:
    """A call as it was read (``None`` = it is new) and as it shall be, and what is saved with it.

    ``lease`` must still be ours, and is given back if this ``ends`` the work under it; ``counts``
    are counters that grow by one if this is saved. ``insights`` is a document that names its
    engagement.
    """

    before: Call | None
    after: Call
    lease: Lease | None = None
    insights: Mapping[str, Any] | None = None
    counts: Sequence[str] = ()
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A decision on a call, made on its newest record, and made again if that has changed.

    ``known`` is the call as it was last read: if it was not saved since, it is not read again.
    ``decide`` may be called several times and must be pure; ``None`` or the same call changes
    nothing. What is saved with it: see ``Change``.
    """

    call_id: str
    decide: Callable[[Call | None], Call | None]
    known: Call | None = None
    lease: Lease | None = None
    insights: Mapping[str, Any] | None = None
    counts: Sequence[str] = ()
    ends: bool = False

    def change(self, before: Call | None) -> Change | None:
        """Return what the edit makes of the call, or ``None`` if it changes nothing."""
        after = self.decide(before)
        if after is None or after is before:
            return None
        return Change(before, after, self.lease, self.insights, self.counts, self.ends)


@dataclass(frozen=True, slots=True)
class Saved:
    """A call as the decision found it, and as it stands now; ``None`` = there is no such call."""

    before: Call | None
    after: Call | None


def decided(edit: Edit, before: Call | Exception | None) -> Change | Saved | Exception:
    """Return the change that the edit makes; an error of its call, or of its decision, is kept."""
    if isinstance(before, Exception):
        return before
    try:
        return edit.change(before) or Saved(before, before)
    except Exception as error:  # noqa: BLE001 - returned in the place of this edit
        return error


def is_own(change: Change, found: Call) -> bool:
    """Return whether a conflict was with this change itself, sent again when its reply was lost.

    Only under a lease: there no other can have made the same change.
    """
    return change.lease is not None and written(found) == written(numbered(change))


def numbered(change: Change) -> Call:
    """Return the call under its next version."""
    version = change.before.version if change.before else 0
    return change.after.but(version=version + 1, format=FORMAT)


def written(call: Call) -> str:
    """Return the record as it is stored: its version, a line feed, its JSON."""
    return f"{call.version}\n{call.model_dump_json(exclude_none=True, exclude_defaults=True)}"
