"""Readiness: may senders send? Each check says what is wrong and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from redis.exceptions import RedisError, ResponseError

from bridge.services import Services
from bridge.store.cluster import REFUSED, is_cluster
from bridge.store.hold import Hold

STALE_BACKLOG = timedelta(minutes=5)
STALE_SWEEPS = 3
UNWRITABLE = (
    "cannot be written to: check BRIDGE_REDIS_URL, that it runs, and that it has memory left"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. ``required`` = the bridge is not ready while it is not ``ok``."""

    name: str
    ok: bool
    detail: str
    required: bool = True


def is_ready(checks: list[Check]) -> bool:
    """Tell whether every required check is passed."""
    return all(check.ok for check in checks if check.required)


def readiness(services: Services) -> list[Check]:
    """Return all checks. Without Redis only those that need none."""
    checks = list(_credentials(services))
    reachable = _redis_writable(services)
    checks.append(reachable)
    if reachable.ok:
        checks += [*(check(services) for check in REDIS_CHECKS), *_records(services)]
    return checks


def _credentials(services: Services) -> Iterator[Check]:
    settings = services.settings
    needed = {
        "askelephant_api_key": settings.askelephant_api_key,
        "askelephant_webhook_secrets": settings.askelephant_webhook_secrets,
        "wavv_secrets": settings.wavv_secrets,
    }
    for name, value in needed.items():
        detail = "is set" if value else f"set BRIDGE_{name.upper()}"
        yield Check(name, ok=bool(value), detail=detail)


def _redis_writable(services: Services) -> Check:
    try:
        services.redis.set(services.keys.of("ready"), "1", ex=60)
    except (RedisError, OSError) as error:
        # A cluster has refused the key of another node's slot.
        reason = REFUSED if is_cluster(services.redis) else f"{UNWRITABLE} ({type(error).__name__})"
        return Check("redis", ok=False, detail=reason)
    if is_cluster(services.redis):
        return Check("redis", ok=False, detail=REFUSED)
    return Check("redis", ok=True, detail="reachable and writable")


def _config(services: Services, name: str) -> str | None:
    """Return a setting of the server; managed ones may not tell."""
    try:
        return dict(services.redis.config_get(name)).get(name)
    except ResponseError:
        return None


def _eviction(services: Services) -> Check:
    policy, most = _config(services, "maxmemory-policy"), _config(services, "maxmemory")
    if policy is None:
        return Check("eviction", ok=True, detail="the server does not tell; it must be noeviction")
    ok = policy == "noeviction" or most == "0"
    advice = "calls may be evicted: set maxmemory-policy noeviction"
    return Check("eviction", ok=ok, detail=policy if ok else f"{policy}: {advice}")


def _persistence(services: Services) -> Check:
    appendonly = _config(services, "appendonly")
    if appendonly is None:
        return Check("persistence", ok=True, detail="the server does not tell; AOF should be on")
    if appendonly != "yes":
        return Check("persistence", ok=False, detail="a restart would lose calls: appendonly yes")
    return Check("persistence", ok=True, detail=f"AOF, fsync {_config(services, 'appendfsync')}")


def _backlog(services: Services) -> Check:
    backlog = services.inbox.backlog()
    age = services.now() - backlog.oldest if backlog.oldest else timedelta(0)
    waiting = f"{backlog.waiting} waiting, the oldest for {max(0, int(age.total_seconds()))} s"
    ok = age < STALE_BACKLOG
    return Check("inbox", ok, waiting if ok else f"{waiting}: is a worker running?", required=False)


def _holds(services: Services) -> Check:
    """Warn while requests are held. AskElephant's own text may name a person: it is not shown."""
    holds = services.holds.all(services.now())
    if not holds:
        return Check("askelephant", ok=True, detail="requests are sent", required=False)
    detail = "; ".join(map(_described, holds))
    advice = "Details: GET /api/hold, or bridge hold show"
    return Check("askelephant", ok=False, detail=f"{detail}. {advice}", required=False)


def _described(hold: Hold) -> str:
    scope = f"step {hold.step}" if hold.step else "all requests"
    status = f" (HTTP {hold.status})" if hold.status else ""
    return (
        f"{scope} held since {hold.since.isoformat()}: {hold.reason}{status}, "
        f"until {hold.until.isoformat()}, next request at {hold.next_at.isoformat()}"
    )


def _webhook(services: Services) -> Check:
    """Warn when asking found transcripts after the webhook's last word: it is broken."""
    heard, polled = services.counters.last_saw("webhook"), services.counters.last_saw("poll")
    if polled is None or (heard is not None and heard > polled):
        return Check("askelephant_webhook", ok=True, detail="no sign of trouble", required=False)
    detail = (
        f"silent: a transcript was found by asking at {polled.isoformat()}, the webhook last "
        f"spoke {heard.isoformat() if heard else 'never'}. Check Settings > Webhooks in AskElephant"
    )
    return Check("askelephant_webhook", ok=False, detail=detail, required=False)


def _wavv_api(services: Services) -> Check:
    """Warn while WAVV refuses its API key: links to recordings are then not fetched afresh."""
    if services.settings.wavv_api_key is None:
        return Check("wavv_api", ok=True, detail="no key: not asked", required=False)
    refused = services.counters.last_saw("wavv_refused")
    answered = services.counters.last_saw("wavv_answered")
    if refused is None or (answered is not None and answered > refused):
        return Check("wavv_api", ok=True, detail="no sign of trouble", required=False)
    detail = f"WAVV refused the key at {refused.isoformat()}: check BRIDGE_WAVV_API_KEY"
    return Check("wavv_api", ok=False, detail=detail, required=False)


def _records(services: Services) -> Iterator[Check]:
    """Warn of calls whose record cannot be read, if there are any: nothing is done for them."""
    damage = services.calls.damage()
    if damage.count:
        detail = f"{damage.count} damaged: /api/stats names them, docs/operations.md has the repair"
        yield Check("records", ok=False, detail=detail, required=False)


def _sweep(services: Services) -> Check:
    """Warn when no sweep has ended for long: what is overdue then stays so."""
    last = services.counters.last_saw("sweep")
    patience = STALE_SWEEPS * services.settings.sweep_interval + services.settings.sweep_grace
    if last is not None and services.now() - last <= patience:
        return Check("sweep", ok=True, detail=f"last at {last.isoformat()}", required=False)
    told = f"last at {last.isoformat()}" if last else "has never run"
    return Check("sweep", ok=False, detail=f"{told}: do beat and a worker run?", required=False)


REDIS_CHECKS: tuple[Callable[[Services], Check], ...] = (
    _eviction,
    _persistence,
    _backlog,
    _holds,
    _webhook,
    _wavv_api,
    _sweep,
)
