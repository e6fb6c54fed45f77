"""The check by hand in docs/going-live.md signs an event as WAVV does."""

import re
import shutil
import subprocess
import time

import pytest

from bridge.wavv.events import Checked, Reading, check_event
from bridge.wavv.signature import SIGNATURE_HEADER, verify_signature
from tests.support.project_files import text
from tests.support.waiting import WITHIN

PAGE = "docs/going-live.md"
TOOLS = all(map(shutil.which, ("bash", "openssl")))


@pytest.mark.skipif(not TOOLS, reason="bash and openssl are the reader's tools, not the bridge's")
def test_the_signed_event_of_going_live_is_authentic_and_usable() -> None:
    """Whoever pastes the block gets a 202."""
    match = re.search(r"<!-- signed event -->\n *```bash\n(.*?)```", text(PAGE), re.DOTALL)
    assert match is not None
    sent = _arguments_of_curl(match[1])
    header = next(word for word in sent if word.startswith(SIGNATURE_HEADER))
    raw = sent[sent.index("--data-binary") + 1].encode()
    verify_signature(header.partition(": ")[2], raw, ["a-secret"], time.time(), 300)
    assert isinstance(check_event(raw, Reading()), Checked)
    assert "http://127.0.0.1:8000/webhooks/wavv" in sent


def _arguments_of_curl(script: str) -> list[str]:
    """Run the block with a curl that only tells what it was given."""
    told = subprocess.run(  # noqa: S603 - a block of our own page
        ["bash", "-euo", "pipefail", "-c", "curl() { printf '%s\\n' \"$@\"; }\n" + script],  # noqa: S607 - as a reader would
        capture_output=True,
        check=True,
        text=True,
        timeout=WITHIN,
    )
    return told.stdout.splitlines()
