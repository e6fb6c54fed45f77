"""All settings of the bridge, each with its type, its default and its description.

The descriptions are written for operators: ``bridge settings`` generates the table in
docs/settings.md from them.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.sources import TomlConfigSettingsSource

from config import types as t
from config.agents import AgentEntry
from config.tokens import ApiToken, read_tokens

PREFIX = "BRIDGE_"
DOTENV = Path(".env")
TOML = Path("bridge.toml")

ExpandValue = Literal[
    "action_items",
    "signals",
    "transcript",
    "contacts",
    "companies",
    "owner",
    "media_url",
    "tags",
]
Expand = Annotated[tuple[ExpandValue, ...], NoDecode, BeforeValidator(t.parts)]
Aliases = Annotated[dict[str, tuple[str, ...]], NoDecode, BeforeValidator(t.from_json)]
Agents = Annotated[tuple[AgentEntry, ...], NoDecode, BeforeValidator(t.from_json)]


class Settings(BaseSettings):
    """All settings, immutable. Durations are seconds or ISO 8601; lists are comma-separated.

    An empty variable counts as unset, because Docker Compose passes an unset variable as empty.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=DOTENV,
        env_ignore_empty=True,
        toml_file=TOML,
        frozen=True,
        extra="ignore",
    )

    redis_url: t.RedisUrl = Field(
        None,
        repr=False,  # it may hold a password
        description="Redis or Valkey that keeps the calls: `redis://`, `rediss://`, or "
        "`sentinel://host,host,host/0?service=name`. "
        "Without it `bridge up` starts an embedded Valkey.",
    )
    broker_url: t.BrokerUrl = Field(
        None,
        repr=False,  # as above
        description="Celery's broker, the same or `amqp://`; by default the same Redis.",
    )
    namespace: t.Namespace = Field("bridge", description="Prefix of every key in Redis.")

    askelephant_base_url: t.BaseUrl = Field(
        "https://app.askelephant.ai/api", description="Base URL of AskElephant's API."
    )
    askelephant_api_key: t.OptionalSecret = Field(
        None, description="API key `sk-apik_<id>.<secret>`, from Settings > API Keys."
    )
    askelephant_auth_scheme: Literal["raw", "bearer"] = Field(
        "raw", description="`raw` sends the key without a prefix; `bearer` is for OAuth tokens."
    )
    askelephant_webhook_secrets: t.WebhookSecrets = Field(
        (), description="Signing secrets of AskElephant's webhook; two during a rotation."
    )
    askelephant_timeout: t.PositiveDuration = Field(
        timedelta(seconds=120),
        description="Timeout of a request: AskElephant fetches the recording before it responds.",
    )
    askelephant_rate: t.OptionalRate = Field(
        None,
        description="Limit of the requests to AskElephant, over all workers, such as `60/m` "
        "(`/s`, `/m`, `/h`). By default there is none.",
    )
    askelephant_url_template: t.EngagementUrlTemplate = Field(
        "https://app.askelephant.ai/workspaces/{workspace_id}/engagements/{engagement_id}",
        description="Link from a call to its engagement; may hold `{workspace_id}`, and must hold "
        "`{engagement_id}`.",
    )
    askelephant_workspace_id: t.WorkspaceId = Field(
        None,
        description="Id of the workspace (`wrks_…`, part of the links in AskElephant's app), used "
        "until a webhook names it. Without either, calls have no link to their engagement.",
    )

    wavv_auth: Literal["signature", "shared_secret"] = Field(
        "signature",
        description="How WAVV's events are authenticated: by `X-WAVV-Signature`, or by a shared "
        "secret in `X-Webhook-Secret` or `?secret=`.",
    )
    wavv_secrets: t.Secrets = Field(
        (), description="Secrets of WAVV's webhook; two during a rotation."
    )
    wavv_signature_tolerance: t.Duration = Field(
        timedelta(seconds=300),
        description="How far in the past or the future the time of a signature may be.",
    )
    wavv_base_url: t.BaseUrl = Field("https://api.wavv.com", description="Base URL of WAVV's API.")
    wavv_api_key: t.OptionalSecret = Field(
        None,
        description="WAVV API key. With it, the link to a recording is fetched afresh when it is "
        "missing, was refused, or is about to expire.",
    )
    wavv_inbound_lead: Literal["phone", "caller_id"] = Field(
        "phone", description="Which key contains the other party's number on an inbound call."
    )
    wavv_aliases: Aliases = Field(
        default_factory=dict,
        description='More names for WAVV\'s fields, as `{"recording_url": ["audio"]}`.',
    )
    max_event_bytes: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = Field(
        2 * 1024 * 1024,
        description="Most bytes that the body of an event may have, up to 16 MiB. A larger one is "
        "refused (413), and its call shows why.",
    )
    phone_region: t.Region = Field(
        "US", description="Country of numbers that come without a country code."
    )

    timezone: t.Timezone = Field(
        "UTC",
        description="IANA time zone, such as `America/New_York`, of times in WAVV's events that "
        "name no zone.",
    )

    api_tokens: t.ApiTokens = Field(
        (),
        description="Bearer tokens for the API, each as `<name>/<read|operate>:<secret>`; `bridge "
        "token new` makes one. A secret alone is an `operate` token named `token-1`, `token-2`, …",
    )

    expand: Expand = Field(
        ("action_items", "signals", "transcript"),
        description="Fields to fetch with the insights: "
        "`action_items,signals,transcript,contacts,companies,owner,media_url,tags`.",
    )
    insights_required: Expand = Field(
        ("action_items", "signals"),
        description="Fields of `BRIDGE_EXPAND` that must have content before a call is complete.",
    )
    run_workflows: bool = Field(
        default=True,
        description="Let AskElephant run its automations; `false` for historical imports.",
    )
    is_private: t.OptionalFlag = Field(
        None, description="`true` or `false`; empty leaves it to the workspace's default."
    )
    title_template: t.TitleTemplate = Field(
        "Call with {contact}",
        description="Title; may hold `{contact}` (name, else phone), `{contact_name}`, `{phone}`, "
        "`{direction}`, `{time}`, `{agent}`, `{call_id}`.",
    )
    external_id_template: t.IdTemplate = Field(
        "wavv-call-{call_id}",
        description="AskElephant's idempotency key. Never change it while calls are unfinished.",
    )
    external_url_template: t.UrlTemplate = Field(
        "wavv://call/{call_id}",
        description="Link from an engagement back to the call; may hold `{call_id}`, "
        "`{contact_id}`.",
    )
    agents_file: Path | None = Field(
        None, description="CSV of agents: columns `id`, `caller_id`, `name`, `email`, `phone`."
    )
    agents: Agents = Field((), description="Agents, as `[[agents]]` tables in `bridge.toml`.")

    skip_shorter_than: t.Duration = Field(
        timedelta(0), description="Recorded calls with less talk time are not submitted."
    )
    skip_outcomes: t.Words = Field(
        (), description="Outcomes that are not submitted, such as `VOICEMAIL,NO_ANSWER`."
    )

    settle_seconds: t.Duration = Field(
        timedelta(seconds=2),
        description="Wait between a call's recording and its submission, for late metadata.",
    )
    recording_deadline: t.Duration = Field(
        timedelta(hours=24),
        description="Without a recording after this time a call is `unrecorded`; one whose "
        "recording was announced and cannot be fetched is `failed`.",
    )
    recording_first_delay: t.PositiveDuration = Field(
        timedelta(minutes=1),
        description="First wait for a recording that is not ready; each further wait is twice as "
        "long.",
    )
    extra_recordings: Literal["note", "submit"] = Field(
        "note",
        description="Another recording of a call whose recording was submitted: `note` lists it on "
        "the call, `submit` also makes it a separate engagement.",
    )
    recording_max_delay: t.PositiveDuration = Field(
        timedelta(hours=1), description="Longest wait between two attempts to get a recording."
    )
    transcript_poll_after: t.Duration = Field(
        timedelta(minutes=15),
        description="Without a transcript event after this time the bridge polls AskElephant.",
    )
    transcript_deadline: t.Duration = Field(
        timedelta(hours=24), description="Without a transcript after this time a call is `failed`."
    )
    insights_first_delay: t.Duration = Field(
        timedelta(seconds=45), description="Wait between the transcript and the first fetch."
    )
    insights_max_delay: t.PositiveDuration = Field(
        timedelta(minutes=5), description="Longest wait between two fetches."
    )
    insights_deadline: t.Duration = Field(
        timedelta(minutes=30),
        description="After this time since the transcript, a call is complete with the insights "
        "that it has.",
    )
    retry_first_delay: t.PositiveDuration = Field(
        timedelta(seconds=5),
        description="First wait after a failed request; each further wait is twice as long.",
    )
    retry_max_delay: t.PositiveDuration = Field(
        timedelta(minutes=15), description="Longest wait between two attempts."
    )
    retry_deadline: t.Duration = Field(
        timedelta(hours=48),
        description="A call whose requests have failed for this time is `failed`.",
    )
    probe_interval: t.PositiveDuration = Field(
        timedelta(minutes=1),
        description="Time between two probes while AskElephant rejects the API key. In an outage "
        "the time between two probes grows from a second to half of this value.",
    )
    hold_max: t.PositiveDuration = Field(
        timedelta(minutes=15),
        description="Longest time without a request under a hold. After it one probe is sent, even "
        "if AskElephant's `Retry-After` is longer.",
    )
    sweep_interval: t.PositiveDuration = Field(
        timedelta(seconds=10), description="Time between two sweeps for overdue calls."
    )
    sweep_grace: t.Duration = Field(
        timedelta(seconds=30),
        description="How overdue a call must be before the sweep publishes its step again.",
    )
    worker_stuck_after: t.PositiveDuration = Field(
        timedelta(seconds=60),
        description="A worker ends itself, to be started again, when it has begun no task for this "
        "long although messages wait and a thread is free.",
    )
    retention_days: Annotated[float, Field(gt=0, le=3650)] = Field(
        30, description="Days that finished calls are kept."
    )
    event_retention_days: Annotated[float, Field(gt=0, le=3650)] = Field(
        7, description="Days that raw events are kept (never dropped before they are handled)."
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level that is logged."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto` is console on a terminal, JSON elsewhere."
    )

    @property
    def awaited_insights(self) -> tuple[ExpandValue, ...]:
        """The insights that a call waits for: those that are fetched and required."""
        return tuple(value for value in self.insights_required if value in self.expand)

    @property
    def named_tokens(self) -> tuple[ApiToken, ...]:
        """The API's tokens with their names and scopes."""
        return read_tokens(self.api_tokens)

    @property
    def retention(self) -> timedelta:
        """How long finished calls are kept in the store."""
        return timedelta(days=self.retention_days)

    @property
    def event_retention(self) -> timedelta:
        """How long the raw bodies of events are kept in the store."""
        return timedelta(days=self.event_retention_days)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources by priority: environment, ``.env``, ``bridge.toml``."""
        toml = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, dotenv_settings, toml
