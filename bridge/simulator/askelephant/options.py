"""Options of a sandbox: its keys, its users, its webhook, and the scale of its durations."""

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
    """Return ``scope`` if AskElephant has such a scope. Raises ``ValueError`` otherwise.

    Without this check, a misspelt scope would look like a missing scope in tests.
    """
    if scope not in SCOPES:
        raise ValueError(f"unknown scope; the scopes are {', '.join(sorted(SCOPES))}")
    return scope


def check_webhook_secret(secret: str) -> str:
    """Return ``secret`` if Svix can sign with it. Raises ``ValueError`` otherwise.

    A secret is ``whsec_`` followed by base64:
    https://docs.svix.com/receiving/verifying-payloads/how-manual.
    """
    if not secret.startswith("whsec_"):
        raise ValueError("a webhook secret starts with whsec_")
    Webhook(secret)
    return secret


Behaviours = Annotated[str, AfterValidator(check_behaviours)]
Scope = Annotated[str, AfterValidator(check_scope)]
WebhookSecret = Annotated[str, AfterValidator(check_webhook_secret)]
WebhookSecrets = Annotated[tuple[WebhookSecret, ...], Field(min_length=1)]


class Given(BaseModel):
    """The base class of the sandbox's options and control bodies. It rejects unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ApiKey(Given):
    """An API key of the workspace, with its scopes."""

    id: str
    secret: str
    scopes: frozenset[Scope] = SCOPES
    revoked: bool = False

    @property
    def token(self) -> str:
        """The key as a client sends it: ``sk-apik_<id>.<secret>``."""
        return f"sk-apik_{self.id}.{self.secret}"


class User(Given):
    """A user of the workspace. Only an active user can own an engagement."""

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    active: bool = True


class Timings(Given):
    """Durations in seconds at scale 1, as in AskElephant's guide to dialer integrations.

    Each insight appears between ``insights_first`` and ``insights_last`` seconds after the
    transcript. The guide is listed in https://docs.askelephant.ai/llms.txt.
    """

    media_fetch: float = 3
    pending: float = 5
    processing: float = 55
    insights_first: float = 30
    insights_last: float = 150


DEFAULT_KEY = ApiKey(id="sandbox", secret="trunk")  # noqa: S106 - it opens only a sandbox
KEY_OWNER = User(id="usr_01KEYOWNER", name="Key Owner", email="key.owner@workspace.example")


class SandboxOptions(Given):
    """The options that define a sandbox's initial state. ``POST /sandbox/reset`` restores it.

    ``scale`` multiplies all durations except ``Retry-After``: at 1.0 a transcript is ready after
    about a minute. With ``users=None`` each owner is a user, except those at ``@unknown.example``.
    With ``noise``, events of other types are sent, too. ``behaviours`` apply to all calls, in
    addition to those in the call's id.
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
