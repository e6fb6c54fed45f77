"""Settings of the demo's processes, so that the demo never uses an operator's keys or data."""

import secrets
from dataclasses import dataclass

from bridge.simulator.askelephant import SandboxOptions
from bridge.simulator.askelephant.pages import PATH
from bridge.supervise.embedded import free_port

SCALE = 0.02
"""The factor of the sandbox's durations: a transcript is ready after 1.2 s, insights 3 s later."""


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """The ports and secrets of one run of the demo."""

    web_port: int
    sandbox_port: int
    flower_port: int | None
    wavv_secret: str
    api_token: str

    @property
    def web_url(self) -> str:
        """The base URL of the bridge."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def sandbox_url(self) -> str:
        """The base URL of the sandbox of AskElephant."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    def variables(self) -> dict[str, str]:
        """Return the bridge's settings as environment variables. All waits are a few seconds."""
        options = SandboxOptions()
        return {
            "BRIDGE_NAMESPACE": "demo",
            "BRIDGE_ASKELEPHANT_BASE_URL": f"{self.sandbox_url}/api",
            "BRIDGE_ASKELEPHANT_API_KEY": options.api_keys[0].token,
            "BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS": ",".join(options.webhook_secrets),
            "BRIDGE_ASKELEPHANT_URL_TEMPLATE": f"{self.sandbox_url}{PATH}",
            "BRIDGE_ASKELEPHANT_TIMEOUT": "2",
            "BRIDGE_WAVV_SECRETS": self.wavv_secret,
            "BRIDGE_API_TOKENS": self.api_token,
            "BRIDGE_SETTLE_SECONDS": "0.5",
            "BRIDGE_RECORDING_DEADLINE": "8",
            "BRIDGE_TRANSCRIPT_POLL_AFTER": "6",
            "BRIDGE_INSIGHTS_FIRST_DELAY": "1",
            "BRIDGE_INSIGHTS_MAX_DELAY": "3",
            "BRIDGE_INSIGHTS_DEADLINE": "8",
            "BRIDGE_RETRY_FIRST_DELAY": "0.5",
            "BRIDGE_SWEEP_INTERVAL": "1",
            "BRIDGE_SWEEP_GRACE": "3",
            "BRIDGE_LOG_FORMAT": "json",
        }


def new_environment(*, with_flower: bool) -> DemoEnvironment:
    """Create an environment with free ports of the loopback and random secrets."""
    return DemoEnvironment(
        web_port=free_port(),
        sandbox_port=free_port(),
        flower_port=free_port() if with_flower else None,
        wavv_secret=f"whsec_{secrets.token_hex(16)}",
        api_token=secrets.token_urlsafe(32),
    )
