"""What a sandbox is set up with: keys, users, where its webhooks go, how fast time runs."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from svix.webhooks import Webhook

from bridge.simulator.askelephant.behaviours import check_behaviours

ENGAGEMENTS_WRITE = "engagements:write"
ENGAGEMENTS_READ = "engagements:read"
PRIVATE_READ = "engagements:private:read"
CONTACTS_READ = "contacts:read"
COMPANIES_READ = "companies:read"
USERS_READ = "users:read"
SCOPES = frozenset(
    {ENGAGEMENTS_WRITE, ENGAGEMENTS_READ, PRIVATE_READ, CONTACTS_READ, COMPANIES_READ, USERS_READ}
)

DEFAULT_WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - Svix's published example


def check_scope(scope: str) -> str:
    """Return ``scope`` if AskElephant knows it; a typo would look like a missing scope."""
    if scope not in SCOPES:
        raise ValueError(f"is no scope; known are {', '.join(sorted(SCOPES))}")
    return scope


def check_webhook_secret(secret: str) -> str:
    """Return ``secret`` if it can sign: base64 after ``whsec_``, as Svix shows it."""
    if not secret.startswith("whsec_"):
        raise ValueError("a webhook secret starts with whsec_")
    Webhook(secret)
    return secret


Behaviours = Annotated[str, AfterValidator(check_behaviours)]
Scope = Annotated[str, AfterValidator(check_scope)]
WebhookSecret = Annotated[str, AfterValidator(check_webhook_secret)]
WebhookSecrets = Annotated[tuple[WebhookSecret, ...], Field(min_length=1)]


class Given(BaseModel):
    """A value handed to the sandbox. A misspelt field is an error, not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ApiKey(Given):
    """An API key of the workspace, and what it may do."""

    id: str
    secret: str
    scopes: frozenset[Scope] = SCOPES
    revoked: bool = False

    @property
    def token(self) -> str:
        """The key as a client sends it: ``sk-apik_<id>.<secret>``."""
        return f"sk-apik_{self.id}.{self.secret}"


class User(Given):
    """A user of the workspace. Only an active one can own an engagement."""

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    active: bool = True


class Timings(Given):
    """How long things take, in seconds at scale 1. Sources: the dialer integration guide.

    The insights come independently, each at a moment of its own between ``insights_first`` and
    ``insights_last`` seconds after the transcript.
    """

    media_fetch: float = 3
    pending: float = 5
    processing: float = 55
    insights_first: float = 30
    insights_last: float = 150


DEFAULT_KEY = ApiKey(id="sandbox", secret="trunk")  # noqa: S106 - a key to nothing but this sandbox
KEY_OWNER = User(id="usr_01KEYOWNER", name="Key Owner", email="key.owner@workspace.example")


class SandboxOptions(Given):
    """How a sandbox starts; ``POST /sandbox/reset`` returns to it.

    ``scale`` multiplies everything that takes time but ``Retry-After``: at 1.0 a transcript takes
    about a minute. ``users=None`` resolves every owner but those at ``@unknown.example``.
    ``noise`` also sends the other event types a real workspace subscribes to. ``behaviours`` are
    those of all calls, beside each call's own.
    """

    api_keys: tuple[ApiKey, ...] = (DEFAULT_KEY,)
    accept_bearer: bool = False
    key_owner: User = KEY_OWNER
    users: tuple[User, ...] | None = None
    private_by_default: bool = False
    webhook_url: str | None = None
    webhook_secrets: WebhookSecrets = (DEFAULT_WEBHOOK_SECRET,)
    scale: Annotated[float, Field(ge=0)] = 1.0
    timings: Timings = Timings()
    retry_after: int = 2
    noise: bool = False
    behaviours: Behaviours = ""
