"""The environment variables of all measured implementations: secrets and URLs.

All implementations read the variables of the bridge, so that all have the same settings.
"""

import os
from pathlib import Path

from config.environment import OPERATORS_OWN

ROOT = Path(__file__).parent.parent
WAVV_SECRET = "whsec_benchmark-of-wavv"
ELEPHANT_SECRET = "whsec_YmVuY2htYXJrLW9mLWFza2VsZXBoYW50"
API_KEY = "sk-apik_bench.nobodys"
API_TOKEN = "token-of-the-benchmark"
NAMESPACE = "bench"


def environment(redis_url: str, elephant_port: int) -> dict[str, str]:
    """Create an implementation's environment: the bridge's defaults, without its waits."""
    ours = {name: value for name, value in os.environ.items() if not OPERATORS_OWN.fullmatch(name)}
    return {
        **ours,
        "PYTHONPATH": str(ROOT),
        "BRIDGE_REDIS_URL": redis_url,
        "BRIDGE_NAMESPACE": NAMESPACE,
        "BRIDGE_ASKELEPHANT_BASE_URL": f"http://127.0.0.1:{elephant_port}/api",
        "BRIDGE_ASKELEPHANT_API_KEY": API_KEY,
        "BRIDGE_ASKELEPHANT_WEBHOOK_SECRETS": ELEPHANT_SECRET,
        "BRIDGE_WAVV_SECRETS": WAVV_SECRET,
        "BRIDGE_WAVV_SIGNATURE_TOLERANCE": "3600",  # requests are signed once for all rounds
        "BRIDGE_API_TOKENS": API_TOKEN,
        "BRIDGE_SETTLE_SECONDS": "0",  # the other implementations do not wait either
        "BRIDGE_INSIGHTS_FIRST_DELAY": "0",
        "BRIDGE_LOG_FORMAT": "json",
    }
