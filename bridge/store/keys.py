"""The names of all Redis keys.

Each key starts with the namespace of the bridge, so that several bridges can share a Redis.
"""

from dataclasses import dataclass
from hashlib import blake2b

from bridge.domain.call import State
from bridge.domain.steps import Step

DIGEST_SIZE = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """Builds the Redis keys of one namespace."""

    namespace: str

    def of(self, *parts: str) -> str:
        """Return ``namespace:part:part``."""
        return ":".join((self.namespace, *parts))

    def call(self, call_id: str) -> str:
        """Return the key of a call's record. The value is a version, a line feed, and JSON."""
        return self.of("call", call_id)

    def insights(self, call_id: str) -> str:
        """Return the key of a call's insights, which are too large for the record."""
        return self.of("insights", call_id)

    def state(self, state: State) -> str:
        """Return the key of the sorted set of the calls in ``state``, by time of creation."""
        return self.of("state", state)

    def due(self, step: Step) -> str:
        """Return the key of the sorted set of calls whose next step is ``step``, by due time."""
        return self.of("due", step.name)

    def waiting(self, kind: str) -> str:
        """Return the key of the sorted set of the calls that wait for a worker slot, by arrival."""
        return self.of("waiting", kind)

    def engagement(self, engagement_id: str) -> str:
        """Return the key whose value is the id of the call of this engagement."""
        return self.of("engagement", engagement_id)

    def awaiting(self, link: str) -> str:
        """Return the key of the set of the calls that wait for the engagement with this link.

        ``link`` is the normal form of the external URL. The key has a hash of the link, because a
        link may be long.
        """
        return self.of("awaiting", digest(link.encode()))

    def url(self, external_url: str) -> str:
        """Return the key of the set of all calls with this external URL.

        Only an earlier version of the bridge wrote such sets.
        """
        return self.of("url", digest(external_url.encode()))

    def parked(self, engagement_id: str) -> str:
        """Return the key of the transcript event of an engagement whose call is not known yet."""
        return self.of("parked", engagement_id)

    def lease(self, call_id: str) -> str:
        """Return the key of the lease by which one worker at a time works on the call."""
        return self.of("lease", call_id)

    def seen(self, source: str, key: str) -> str:
        """Return the key that marks an event of ``source`` as received, for deduplication."""
        return self.of("seen", source, digest(key.encode()))

    @property
    def calls(self) -> str:
        """The key of the sorted set of all calls, by time of creation."""
        return self.of("calls")

    @property
    def with_extras(self) -> str:
        """The key of the sorted set of the calls with extra recordings, by time of creation."""
        return self.of("with_extras")

    @property
    def retire(self) -> str:
        """The key of the sorted set of the calls in final states, by the time to delete them."""
        return self.of("retire")

    @property
    def inbox(self) -> str:
        """The key of the inbox: the stream of received events with their raw bodies."""
        return self.of("inbox")

    @property
    def wakeup_pending(self) -> str:
        """The key that exists while a message to wake the workers for new events is pending."""
        return self.of("poked")

    @property
    def outcomes(self) -> str:
        """The key of the sorted set of outcomes of events that changed no call, by time.

        Each member is the id of the event in the inbox, a space, and a slug.
        """
        return self.of("outcomes")

    @property
    def dead_letters(self) -> str:
        """The key of the stream of events whose handler kept failing, with the error."""
        return self.of("set_aside")

    @property
    def audit(self) -> str:
        """The key of the audit log: the stream of changes that API clients made."""
        return self.of("audit")

    @property
    def damaged(self) -> str:
        """The key of the sorted set of the calls whose record cannot be read, by detection time."""
        return self.of("damaged")

    @property
    def refused(self) -> str:
        """The key of the stream of authentic events that were rejected, with the reason."""
        return self.of("refused")

    def refusals(self, source: str, hour: str) -> str:
        """Return the key of the hash that counts the rejected events of one hour by reason."""
        return self.of("refusals", source, hour)

    @property
    def sweep_pace(self) -> str:
        """The key that exists for half a sweep interval after the start of a routine sweep."""
        return self.of("sweep_pace")

    @property
    def sweep_lease(self) -> str:
        """The key of the lease by which one worker at a time runs the sweep."""
        return self.of("sweep_lease")

    def hold(self, step_name: str = "") -> str:
        """Return the key of the hold of all requests, or of the requests of one step."""
        return self.of("hold", step_name) if step_name else self.of("hold")

    def row(self, kind: str, step_name: str) -> str:
        """Return the key of the set of calls that have failed since the last successful request.

        ``kind`` is the kind of the failure. A call is only in the set if it had not failed before.
        """
        return self.of("row", kind, step_name)

    @property
    def recent_failures(self) -> str:
        """The key of the sorted set of calls whose last request failed, by number of failures."""
        return self.of("failing_calls")

    @property
    def rate_limit(self) -> str:
        """The prefix of the keys in which ``limits`` counts the requests to AskElephant."""
        return self.of("budget")

    @property
    def counters(self) -> str:
        """The key of the hash of all counters since the bridge was installed."""
        return self.of("counters")

    @property
    def unmapped_agents(self) -> str:
        """The key of the hash that counts the calls of agents who are not in the agents file."""
        return self.of("unmapped_agents")

    @property
    def workspace(self) -> str:
        """The key of the id of AskElephant's workspace, as in the newest webhook."""
        return self.of("workspace")

    @property
    def workers(self) -> str:
        """The key of the hash of the last heartbeats of all worker processes."""
        return self.of("workers")

    @property
    def signs(self) -> str:
        """The key of the hash of last-seen times, such as of an event, a poll and a sweep."""
        return self.of("signs")


def digest(data: bytes) -> str:
    """Return a hash of ``data``: 128 bits in hexadecimal."""
    return blake2b(data, digest_size=DIGEST_SIZE).hexdigest()
