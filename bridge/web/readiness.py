"""Readiness checks: whether events can be accepted and processed, and what to do if not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from redis.exceptions import RedisError, ResponseError

from bridge.pipeline.sweep import are_sweeps_stopped
from bridge.reasons import Reason, Table
from bridge.services import Services
from bridge.store.cluster import REFUSED, is_cluster
from bridge.store.sources import HOUR

STALE_BACKLOG = timedelta(minutes=5)
UNWRITABLE = (
    "cannot be written to: check BRIDGE_REDIS_URL, that Redis runs, and that it has memory left"
)


class CheckInfo(NamedTuple):
    """A readiness check: whether readiness requires it, and what its failure means, in Markdown."""

    required: bool
    meaning: str


CHECKS: Mapping[str, CheckInfo] = {
    "askelephant_api_key": CheckInfo(
        required=True,
        meaning="`BRIDGE_ASKELEPHANT_API_KEY` is not set.",
    ),
    "askelephant_webhook_secrets": CheckInfo(
        required=True,
        meaning="`BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS` is not set.",
    ),
    "wavv_secrets": CheckInfo(required=True, meaning="`BRIDGE_WAVV_SECRETS` is not set."),
    "redis": CheckInfo(
        required=True,
        meaning=(
            "Redis rejects writes, or is a cluster, which is not supported. Then only the "
            "credentials are checked."
        ),
    ),
    "eviction": CheckInfo(
        required=True,
        meaning="Redis could evict calls. Set `maxmemory-policy noeviction`.",
    ),
    "persistence": CheckInfo(
        required=True,
        meaning=(
            "A restart of Redis would lose calls. Set [`appendonly "
            "yes`](https://valkey.io/topics/persistence)."
        ),
    ),
    "inbox": CheckInfo(
        required=False,
        meaning="The oldest event has waited for five minutes. Check that a worker runs.",
    ),
    "wavv_events": CheckInfo(
        required=False,
        meaning=(
            "No event of WAVV was accepted in the last hour, and some were "
            "[rejected](#events-that-are-not-stored), perhaps those of a stranger: the check shows "
            "the commonest reason. Or none ever came, though the oldest stored event is an hour "
            "old: check the URL of the webhook in WAVV."
        ),
    ),
    "askelephant_events": CheckInfo(
        required=False,
        meaning=(
            "The same for the events of AskElephant: check the endpoint in its Settings > Webhooks."
        ),
    ),
    "askelephant": CheckInfo(
        required=False,
        meaning=(
            "Requests are held: throttled, an outage, a rejected API key, an unpaid bill or a "
            "missing scope. The check shows the end of the hold and the time of the next request. "
            "[`bridge hold show`](#holds-and-their-release-by-hand) also shows AskElephant's text."
        ),
    ),
    "wavv_api": CheckInfo(
        required=False,
        meaning=(
            "WAVV rejected its API key, and has not accepted it since. Links to recordings are not "
            "fetched; calls continue with the links that they have."
        ),
    ),
    "records": CheckInfo(
        required=False,
        meaning=(
            "Records of calls are [damaged](#damaged-records). Listed only while there are any."
        ),
    ),
    "sweep": CheckInfo(
        required=False,
        meaning=(
            "No sweep has ended for three intervals and the grace. Check that beat and a worker "
            "run."
        ),
    ),
    "askelephant_webhook": CheckInfo(
        required=False,
        meaning=(
            "Polling found a transcript later than the webhook's last event. Check AskElephant's "
            "Settings > Webhooks: Svix [disables](https://docs.svix.com/retries) an endpoint after "
            "five days of failures."
        ),
    ),
}
"""All readiness checks by name. docs/operations.md lists them."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one readiness check."""

    name: str
    ok: bool
    detail: str

    @property
    def required(self) -> bool:
        """Whether the bridge is ready only if this check is ``ok``."""
        return CHECKS[self.name].required


def is_ready(checks: list[Check]) -> bool:
    """Return whether every required check is ``ok``."""
    return all(check.ok for check in checks if check.required)


def readiness(services: Services) -> list[Check]:
    """Run all readiness checks. If Redis does not respond, skip the checks that need Redis."""
    settings = services.settings
    credentials = {
        "askelephant_api_key": settings.askelephant_api_key,
        "askelephant_webhook_secrets": settings.askelephant_webhook_secrets,
        "wavv_secrets": settings.wavv_secrets,
    }
    checks = [
        Check(name, ok=bool(value), detail="is set" if value else f"set BRIDGE_{name.upper()}")
        for name, value in credentials.items()
    ]
    reachable = _redis_writable(services)
    checks.append(reachable)
    if reachable.ok:
        for check in REDIS_CHECKS:
            checks += check(services)
    return checks


def _redis_writable(services: Services) -> Check:
    """Check that Redis accepts writes, and is no cluster."""
    try:
        services.redis.set(services.keys.of("ready"), "1", ex=60)
    except (RedisError, OSError) as error:
        # A node of a cluster refuses keys whose slot is on another node:
        # https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
        reason = REFUSED if is_cluster(services.redis) else f"{UNWRITABLE} ({type(error).__name__})"
        return Check("redis", ok=False, detail=reason)
    if is_cluster(services.redis):
        return Check("redis", ok=False, detail=REFUSED)
    return Check("redis", ok=True, detail="reachable and writable")


def _config(services: Services, name: str) -> str | None:
    """Return a setting of the Redis server, or ``None`` if the server forbids ``CONFIG GET``."""
    try:
        return dict(services.redis.config_get(name)).get(name)
    except ResponseError:
        return None


def _durability(services: Services) -> Iterator[Check]:
    """Check that Redis neither evicts calls nor loses them at a restart."""
    policy, most = _config(services, "maxmemory-policy"), _config(services, "maxmemory")
    if policy is None:
        yield Check("eviction", ok=True, detail="the policy is not readable; it must be noeviction")
    else:
        ok = policy == "noeviction" or most == "0"
        advice = "calls may be evicted: set maxmemory-policy noeviction"
        yield Check("eviction", ok=ok, detail=policy if ok else f"{policy}: {advice}")
    appendonly = _config(services, "appendonly")
    if appendonly is None:
        detail = "the setting is not readable; AOF should be on"
    elif appendonly == "yes":
        detail = f"AOF, fsync {_config(services, 'appendfsync')}"
    else:
        detail = "a restart would lose calls: set appendonly yes"
    yield Check("persistence", ok=appendonly in {None, "yes"}, detail=detail)


def _progress(services: Services) -> Iterator[Check]:
    """Warn of waiting events, of missing sweeps, and of calls with damaged records."""
    backlog = services.inbox.backlog()
    age = services.now() - backlog.oldest if backlog.oldest else timedelta(0)
    waiting = f"{backlog.waiting} waiting, the oldest for {max(0, int(age.total_seconds()))} s"
    ok = age < STALE_BACKLOG
    yield Check("inbox", ok, waiting if ok else f"{waiting}: is a worker running?")
    last = services.counters.last_saw("sweep")
    ok = not are_sweeps_stopped(services, last)
    detail = f"last at {last.isoformat()}" if last else "has never run"
    detail = detail if ok else f"{detail}: do beat and a worker run?"
    yield Check("sweep", ok=ok, detail=detail)
    damage = services.calls.damage()
    if damage.count:
        detail = f"{damage.count} damaged: /api/stats names them, docs/operations.md has the repair"
        yield Check("records", ok=False, detail=detail)


def _holds(services: Services) -> Iterator[Check]:
    """Warn while requests are held. AskElephant's message is not shown: it may name a person."""
    found = []
    for hold in services.holds.all(services.now()):
        scope = f"step {hold.step}" if hold.step else "all requests"
        status = f" (HTTP {hold.status})" if hold.status else ""
        found.append(
            f"{scope} held since {hold.since.isoformat()}: {hold.reason}{status}, "
            f"until {hold.until.isoformat()}, next request at {hold.next_at.isoformat()}"
        )
    detail = f"{'; '.join(found)}. Details: GET /api/hold, or bridge hold show"
    detail = detail if found else "requests are sent"
    yield Check("askelephant", ok=not found, detail=detail)


def _webhook(services: Services) -> Iterator[Check]:
    """Warn that webhooks may not arrive, if polling has found a transcript since the last one."""
    heard, polled = services.counters.last_saw("webhook"), services.counters.last_saw("poll")
    ok = polled is None or (heard is not None and heard > polled)
    detail = "no sign of trouble"
    if polled is not None and not ok:
        last = f"the last webhook came at {heard.isoformat()}" if heard else "no webhook ever came"
        detail = (
            f"silent: polling found a transcript at {polled.isoformat()}, and {last}. "
            "Check Settings > Webhooks in AskElephant"
        )
    yield Check("askelephant_webhook", ok=ok, detail=detail)


def _sources(services: Services) -> Iterator[Check]:
    """Warn of a source without accepted events: no event was ever received, or all are refused."""
    now, counters = services.now(), services.counters.all()
    first = services.inbox.first_received()
    for source, signs in services.sources.all(now).items():
        name, received_at = f"{source}_events", signs.received_at
        is_silent = received_at is None or now - received_at > HOUR
        refused_at = signs.refused_at if signs.refusals else None
        if is_silent and refused_at and now - refused_at <= HOUR:
            yield Check(name, ok=False, detail=_only_refused(signs.refusals))
        elif received_at:
            yield Check(name, ok=True, detail=f"last received at {received_at.isoformat()}")
        elif counters.get(f"events.received.{source}") or not first or now - first <= HOUR:
            yield Check(name, ok=True, detail="no sign of trouble")
        else:
            detail = f"none ever came, others since {first.isoformat()}: check the webhook's URL"
            yield Check(name, ok=False, detail=detail)


def _only_refused(refusals: Mapping[str, int]) -> str:
    """Return the text for a source whose events are all refused, with the most frequent reason."""
    reason, number = max(refusals.items(), key=lambda item: item[1])
    known = Reason(reason).rows if reason in set(Reason) else ()
    meaning = "".join(f" ({row.meaning})" for row in known if row.table is Table.EVENTS)
    return (
        "no event was accepted in the last hour; of those refused in this hour and the one before, "
        f"{number} of {sum(refusals.values())} have the reason {reason}{meaning}"
    )


def _wavv_api(services: Services) -> Iterator[Check]:
    """Warn while WAVV refuses the API key: fresh links to recordings are then not requested."""
    refused = services.counters.last_saw("wavv_refused")
    accepted = services.counters.last_saw("wavv_answered")
    ok, detail = True, "no sign of trouble"
    if services.settings.wavv_api_key is None:
        detail = "no key: WAVV's API is not used"
    elif refused is not None and (accepted is None or accepted <= refused):
        ok = False
        detail = f"WAVV refused the key at {refused.isoformat()}: check BRIDGE_WAVV_API_KEY"
    yield Check("wavv_api", ok=ok, detail=detail)


REDIS_CHECKS: tuple[Callable[[Services], Iterator[Check]], ...] = (
    _durability,
    _progress,
    _holds,
    _webhook,
    _sources,
    _wavv_api,
)
