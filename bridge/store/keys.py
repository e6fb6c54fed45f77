"""The names of all Redis keys. They start with a namespace, so that bridges can share a Redis."""

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
        """Return the key of the call's insights, which are too large for the record."""
        return self.of("insights", call_id)

    def state(self, state: State) -> str:
        """Return the sorted set of the calls in ``state``, by the time of creation."""
        return self.of("state", state)

    def due(self, step: Step) -> str:
        """Return the sorted set of the calls whose next step is ``step``, by due time."""
        return self.of("due", step.name)

    def waiting(self, kind: str) -> str:
        """Return the sorted set of the calls that wait for a place in a worker, by arrival."""
        return self.of("waiting", kind)

    def engagement(self, engagement_id: str) -> str:
        """Return the key that holds the id of the engagement's call."""
        return self.of("engagement", engagement_id)

    def awaiting(self, link: str) -> str:
        """Return the set of the calls with this normalised link and without a known engagement.

        The link is hashed, because a link may be long.
        """
        return self.of("awaiting", digest(link.encode()))

    def url(self, external_url: str) -> str:
        """Return the set of all calls with this link, which an earlier version stored."""
        return self.of("url", digest(external_url.encode()))

    def parked(self, engagement_id: str) -> str:
        """Return the key of a transcript event that arrived before its call was known."""
        return self.of("parked", engagement_id)

    def lease(self, call_id: str) -> str:
        """Return the key of the lease on a call."""
        return self.of("lease", call_id)

    def seen(self, source: str, key: str) -> str:
        """Return the key that marks a delivery as received, for deduplication."""
        return self.of("seen", source, digest(key.encode()))

    @property
    def calls(self) -> str:
        """The sorted set of all calls, by the time of creation."""
        return self.of("calls")

    @property
    def with_extras(self) -> str:
        """The sorted set of the calls with extra recordings, by the time of creation."""
        return self.of("with_extras")

    @property
    def retire(self) -> str:
        """The sorted set of the resting calls, by the time when they may be deleted."""
        return self.of("retire")

    @property
    def inbox(self) -> str:
        """The stream of raw events."""
        return self.of("inbox")

    @property
    def wakeup_pending(self) -> str:
        """The key that exists while a wake-up of the workers is pending."""
        return self.of("poked")

    @property
    def outcomes(self) -> str:
        """The sorted set of outcomes of events that changed no call: ``entry slug``, by time."""
        return self.of("outcomes")

    @property
    def dead_letters(self) -> str:
        """The stream of the events whose handler kept failing, with the error."""
        return self.of("set_aside")

    @property
    def damaged(self) -> str:
        """The sorted set of the calls whose record cannot be read, by the time of detection."""
        return self.of("damaged")

    @property
    def refused(self) -> str:
        """The stream of authentic events that were refused, with the reason."""
        return self.of("refused")

    @property
    def sweep_pace(self) -> str:
        """The key that exists for half an interval after the start of a routine sweep."""
        return self.of("sweep_pace")

    @property
    def sweep_lease(self) -> str:
        """The lease of the worker that sweeps."""
        return self.of("sweep_lease")

    def hold(self, step_name: str = "") -> str:
        """Return the key of the hold of all calls, or of one step of all calls."""
        return self.of("hold", step_name) if step_name else self.of("hold")

    def row(self, kind: str, step_name: str) -> str:
        """Return the set of calls that first failed after the last request that succeeded."""
        return self.of("row", kind, step_name)

    @property
    def recent_failures(self) -> str:
        """The calls whose last request failed, with their number of failures in a row."""
        return self.of("failing_calls")

    @property
    def rate_limit(self) -> str:
        """The prefix of the rate limit's window of requests to AskElephant."""
        return self.of("budget")

    @property
    def counters(self) -> str:
        """The counters since the bridge was installed."""
        return self.of("counters")

    @property
    def unmapped_agents(self) -> str:
        """Agents that are not in the directory, with the number of their calls."""
        return self.of("unmapped_agents")

    @property
    def workspace(self) -> str:
        """The id of AskElephant's workspace from the newest webhook."""
        return self.of("workspace")

    @property
    def workers(self) -> str:
        """The last heartbeat of each worker process."""
        return self.of("workers")

    @property
    def signs(self) -> str:
        """Last-seen times: of a webhook, a poll, a sweep, and WAVV's responses."""
        return self.of("signs")


def digest(data: bytes) -> str:
    """Return a hash of ``data``: 128 bits in hexadecimal."""
    return blake2b(data, digest_size=DIGEST_SIZE).hexdigest()
