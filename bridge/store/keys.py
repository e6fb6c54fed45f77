"""The names of all keys. Everything is under the namespace, so that bridges may share a Redis."""

from dataclasses import dataclass
from hashlib import blake2b

from bridge.domain.call import State
from bridge.domain.steps import Step

DIGEST_SIZE = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """Key names for one namespace."""

    namespace: str

    def of(self, *parts: str) -> str:
        """Return ``namespace:part:part``."""
        return ":".join((self.namespace, *parts))

    def call(self, call_id: str) -> str:
        """Return the key of the record: its version, a line feed, its JSON."""
        return self.of("call", call_id)

    def insights(self, call_id: str) -> str:
        """Return the key of the call's insights, kept beside the record for its size."""
        return self.of("insights", call_id)

    def state(self, state: State) -> str:
        """Return the sorted set of the calls in ``state``, by the time they were first heard of."""
        return self.of("state", state)

    def due(self, step: Step) -> str:
        """Return the sorted set of the calls that wait for ``step``, by due time."""
        return self.of("due", step.name)

    def waiting(self, kind: str) -> str:
        """Return the sorted set of the calls that wait for a place in a worker, by arrival."""
        return self.of("waiting", kind)

    def engagement(self, engagement_id: str) -> str:
        """Return the key of the call behind an engagement."""
        return self.of("engagement", engagement_id)

    def awaiting(self, link: str) -> str:
        """Return the set of the calls with this normalised link that await their engagement.

        The link is hashed, for links have any length.
        """
        return self.of("awaiting", digest(link.encode()))

    def url(self, external_url: str) -> str:
        """Return the set of all calls with this link, as an earlier version stored it."""
        return self.of("url", digest(external_url.encode()))

    def parked(self, engagement_id: str) -> str:
        """Return the key of a transcript event whose call is not known yet."""
        return self.of("parked", engagement_id)

    def lease(self, call_id: str) -> str:
        """Return the key of the lease on a call."""
        return self.of("lease", call_id)

    def seen(self, source: str, key: str) -> str:
        """Return the key that remembers a delivery, for deduplication."""
        return self.of("seen", source, digest(key.encode()))

    @property
    def calls(self) -> str:
        """All calls, by the time they were first heard of."""
        return self.of("calls")

    @property
    def with_extras(self) -> str:
        """The calls with more than one recording, by the time they were first heard of."""
        return self.of("with_extras")

    @property
    def retire(self) -> str:
        """Resting calls, by the time they may be forgotten."""
        return self.of("retire")

    @property
    def inbox(self) -> str:
        """The stream of raw events."""
        return self.of("inbox")

    @property
    def wakeup_pending(self) -> str:
        """There while workers have been told to look into the inbox and have not looked yet."""
        return self.of("poked")

    @property
    def outcomes(self) -> str:
        """What became of events that changed no call: ``entry slug``, by time."""
        return self.of("outcomes")

    @property
    def dead_letters(self) -> str:
        """Events that broke their handler, with the error."""
        return self.of("set_aside")

    @property
    def damaged(self) -> str:
        """Calls whose record cannot be read, by the time that was found."""
        return self.of("damaged")

    @property
    def refused(self) -> str:
        """Events that were authentic but of no use, with the reason."""
        return self.of("refused")

    @property
    def sweep_pace(self) -> str:
        """Exists for half an interval after a routine sweep has begun."""
        return self.of("sweep_pace")

    @property
    def sweep_lease(self) -> str:
        """The lease of whoever sweeps."""
        return self.of("sweep_lease")

    def hold(self, step_name: str = "") -> str:
        """Return the key of the hold of all calls, or of one step of all calls."""
        return self.of("hold", step_name) if step_name else self.of("hold")

    def row(self, kind: str, step_name: str) -> str:
        """Return the set of calls that failed for the first time since a request was served."""
        return self.of("row", kind, step_name)

    @property
    def recent_failures(self) -> str:
        """The calls whose last request failed, with the number of their failures in a row."""
        return self.of("failing_calls")

    @property
    def rate_limit(self) -> str:
        """The prefix of the window in which requests to AskElephant are counted."""
        return self.of("budget")

    @property
    def counters(self) -> str:
        """What has been counted since the bridge was installed."""
        return self.of("counters")

    @property
    def unmapped_agents(self) -> str:
        """Agents that the directory does not know, with the number of their calls."""
        return self.of("unmapped_agents")

    @property
    def workspace(self) -> str:
        """The id of AskElephant's workspace, as the newest webhook named it."""
        return self.of("workspace")

    @property
    def signs(self) -> str:
        """When the webhook last spoke, a poll had to do its work, a sweep ended, WAVV answered."""
        return self.of("signs")


def digest(data: bytes) -> str:
    """Return a short name for ``data``: 128 bits, in hexadecimal."""
    return blake2b(data, digest_size=DIGEST_SIZE).hexdigest()
