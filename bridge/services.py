"""The services of the bridge, built once per process from the settings."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from redis import Redis

from bridge.askelephant.client import ElephantClient, ElephantOptions
from bridge.broker.celery_app import BridgeCelery
from bridge.broker.publisher import CeleryPublisher, Publisher
from bridge.domain.mapping import Mapper
from bridge.domain.participants import Agent
from bridge.domain.policy import Policy
from bridge.store.audit import Audit
from bridge.store.calls import CallStore
from bridge.store.clock import ForgettingClock, store_time
from bridge.store.connection import connect
from bridge.store.counters import Counters
from bridge.store.dead_letters import DeadLetters
from bridge.store.due import DueCalls
from bridge.store.heartbeats import Heartbeats
from bridge.store.hold import Holds
from bridge.store.inbox import Inbox
from bridge.store.index_changes import Retention
from bridge.store.keys import Keys
from bridge.store.lease import Leases
from bridge.store.lookup import Lookup
from bridge.store.rate_limit import RateLimit
from bridge.store.sources import Sources
from bridge.store.workspace import Workspace
from bridge.wavv.aliases import with_additions
from bridge.wavv.client import WavvClient, WavvOptions
from bridge.wavv.events import Reading
from bridge.wavv.phones import to_e164
from config import Settings
from config.broker import COUNTDOWN_LIMIT, broker_options, lease_time


def utc_now() -> datetime:
    """Return the present time in UTC. Only this function reads the clock for decisions on calls."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """The clients and stores of the bridge, and the values that decisions need.

    ``wavv`` is ``None`` if there is no key for WAVV's API. Links to recordings then come only from
    events. ``forget_by`` is the ``ForgettingClock``: it returns the time by which old data may be
    deleted, and its arguments are our time and the time of the last sweep.
    """

    settings: Settings
    redis: Redis
    keys: Keys
    calls: CallStore
    due: DueCalls
    lookup: Lookup
    inbox: Inbox
    dead_letters: DeadLetters
    audit: Audit
    leases: Leases
    holds: Holds
    rate_limit: RateLimit
    counters: Counters
    sources: Sources
    heartbeats: Heartbeats
    workspace: Workspace
    publisher: Publisher
    elephant: ElephantClient
    wavv: WavvClient | None
    policy: Policy
    mapper: Mapper
    reading: Reading
    forget_by: Callable[[datetime, datetime | None], datetime | None]
    now: Callable[[], datetime] = utc_now
    jitter: Callable[[], float] = random.random


def build_services(settings: Settings, publisher: Publisher | None = None) -> Services:
    """Create the services for these settings. Each client connects at its first use."""
    redis = connect(settings.redis_url or "")
    keys = Keys(settings.namespace)
    calls = CallStore(redis, keys, Retention(settings.sweep_grace, settings.retention))
    if publisher is None:
        celery = BridgeCelery("bridge", set_as_current=False)
        celery.conf.update(broker_options(settings))
        publisher = CeleryPublisher(celery)
    return Services(
        settings=settings,
        redis=redis,
        keys=keys,
        calls=calls,
        due=DueCalls(redis, keys, settings.sweep_grace),
        lookup=Lookup(redis, keys, calls),
        inbox=Inbox(redis, keys),
        dead_letters=DeadLetters(redis, keys),
        audit=Audit(redis, keys),
        leases=Leases(redis, keys, lease_time(settings)),
        holds=Holds(redis, keys, settings.probe_interval, settings.hold_max),
        rate_limit=RateLimit(redis, keys, settings.askelephant_rate),
        counters=Counters(redis, keys),
        sources=Sources(redis, keys),
        heartbeats=Heartbeats(redis, keys),
        workspace=Workspace(redis, keys),
        publisher=publisher,
        elephant=ElephantClient(elephant_options(settings)),
        wavv=WavvClient(link) if (link := wavv_options(settings)) else None,
        policy=policy(settings),
        mapper=mapper(settings),
        reading=reading(settings),
        forget_by=ForgettingClock(store_time(redis)),
    )


def elephant_options(settings: Settings) -> ElephantOptions:
    """Return the options of the client of AskElephant's API."""
    key = settings.askelephant_api_key
    timeout = settings.askelephant_timeout.total_seconds()
    longest = ElephantOptions()
    return ElephantOptions(
        base_url=settings.askelephant_base_url,
        api_key=key.get_secret_value() if key else None,
        auth_scheme=settings.askelephant_auth_scheme,
        read_timeout=timeout,
        connect_timeout=min(timeout, longest.connect_timeout),
        write_timeout=min(timeout, longest.write_timeout),
        expand=settings.expand,
    )


def wavv_options(settings: Settings) -> WavvOptions | None:
    """Return the options of the client of WAVV's API, or ``None`` if there is no key for it."""
    if settings.wavv_api_key is None:
        return None
    key, base_url = settings.wavv_api_key.get_secret_value(), settings.wavv_base_url
    return WavvOptions(api_key=key, base_url=base_url)


def policy(settings: Settings) -> Policy:
    """Return the operator's settings on which decisions about calls depend."""
    return Policy(
        settle=settings.settle_seconds,
        recording_deadline=settings.recording_deadline,
        recording_first_delay=settings.recording_first_delay,
        recording_max_delay=settings.recording_max_delay,
        refetches_links=settings.wavv_api_key is not None,
        submits_extras=settings.extra_recordings == "submit",
        poll_after=settings.transcript_poll_after,
        transcript_deadline=settings.transcript_deadline,
        insights_first_delay=settings.insights_first_delay,
        insights_max_delay=settings.insights_max_delay,
        insights_deadline=settings.insights_deadline,
        insights_required=settings.awaited_insights,
        retry_first_delay=settings.retry_first_delay,
        retry_max_delay=settings.retry_max_delay,
        retry_deadline=settings.retry_deadline,
        probe_interval=settings.probe_interval,
        countdown_limit=COUNTDOWN_LIMIT,
        skip_shorter_than=settings.skip_shorter_than,
        skip_outcomes=frozenset(outcome.upper() for outcome in settings.skip_outcomes),
    )


def mapper(settings: Settings) -> Mapper:
    """Return the operator's settings for engagements, with the agents of the agents file.

    Caller ids are converted to E.164, because the numbers in events are converted as well.
    """
    agents: dict[str, Agent] = {}
    lines: dict[str, Agent | None] = {}
    for entry in settings.agents:
        agent = Agent(entry.name, entry.email, _phone(entry.phone, settings.phone_region))
        if entry.id:
            agents[entry.id] = agent
        if line := _phone(entry.caller_id, settings.phone_region):
            lines[line] = agent if lines.get(line, agent) == agent else None
    return Mapper(
        title_template=settings.title_template,
        external_id_template=settings.external_id_template,
        external_url_template=settings.external_url_template,
        run_workflows=settings.run_workflows,
        is_private=settings.is_private,
        agents=agents,
        lines=lines,
    )


def reading(settings: Settings) -> Reading:
    """Return the operator's settings for the parser of WAVV's events."""
    return Reading(
        region=settings.phone_region,
        aliases=with_additions(settings.wavv_aliases),
        inbound_lead=settings.wavv_inbound_lead,
        zone=ZoneInfo(settings.timezone),
    )


def _phone(text: str | None, region: str) -> str | None:
    return (to_e164(text, region) or text) if text else None
