"""``bridge demo`` without and with a terminal, in an environment with an operator's settings."""

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from bridge.simulator.demo.scenarios import SCENARIOS, demo_calls
from tests.support.bridge_command import alive, run, running_on_terminal
from tests.support.waiting import wait_for

NOWHERE = "redis://127.0.0.1:1/0"
POISON = {
    "BRIDGE_REDIS_URL": NOWHERE,
    "BRIDGE_BROKER_URL": NOWHERE,
    "BRIDGE_NAMESPACE": "production",
    "BRIDGE_ASKELEPHANT_BASE_URL": "https://127.0.0.1:1/production",
    "BRIDGE_ASKELEPHANT_API_KEY": "sk-apik_production.key",
    "BRIDGE_SETTLE_SECONDS": "not a number",
    "CELERY_BROKER_URL": NOWHERE,
    "HTTP_PROXY": "http://127.0.0.1:1",
    "WEB_CONCURRENCY": "many",
}
PRIVATE = re.compile(r"sk-apik_|whsec_|[\w.]+@example\.com|55501\d\d|X-Signature=")


@dataclass(frozen=True)
class Performance:
    """A finished run of the demo."""

    ended: subprocess.CompletedProcess[str]
    seconds: float
    directory: Path

    @property
    def log(self) -> str:
        """Return the log of the demo's processes."""
        return (self.directory / ".bridge" / "demo.log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Performance]:
    """Run the demo once, among variables and files of an operator that would break it."""
    directory = tmp_path_factory.mktemp("demo")
    (directory / ".env").write_text("BRIDGE_WAVV_AUTH=none\nBRIDGE_TYPO=1\n", encoding="utf-8")
    (directory / "bridge.toml").write_text("this is no TOML", encoding="utf-8")
    begun = time.monotonic()
    ended = run("demo", cwd=directory, settings=POISON)
    yield Performance(ended, time.monotonic() - begun, directory)
    assert not (directory / ".bridge" / "valkey").exists()


def test_every_call_ends_where_it_should(played: Performance) -> None:
    """Every call of the demo ends in its state, and the exit code is 0."""
    assert played.ended.returncode == 0, played.ended.stdout + played.ended.stderr
    assert "25 of 25 calls ended as expected" in played.ended.stdout
    assert not played.ended.stderr


def test_every_call_is_accounted_for_in_plain_lines(played: Performance) -> None:
    """Without a terminal the demo prints one plain line for each call."""
    assert "\x1b" not in played.ended.stdout
    _, _, table = played.ended.stdout.partition("how each call ended")
    rows = [line for line in table.splitlines() if line.startswith("✓")]
    assert [row[3:].partition("  ")[0] for row in rows] == [
        scenario.title for scenario in SCENARIOS
    ]


def test_it_ends_within_a_minute(played: Performance) -> None:
    """The demo ends within a minute."""
    assert played.seconds < 60


def test_the_log_holds_every_process_and_nobodys_data(played: Performance) -> None:
    """The log has lines of every process, and no secrets or people."""
    writers = {line.partition("|")[0].strip() for line in played.log.splitlines()}
    assert writers >= {"web", "worker", "valkey"}
    assert not PRIVATE.search(played.log)
    calls = demo_calls(Random(25), datetime.now(UTC))  # noqa: S311 - the demo's own calls
    names = {re.search(rb'"contactName": "([^"]+)"', one.deliveries[0].body) for one in calls}
    shown_names = [match[1].decode() for match in names if match]
    assert len(shown_names) == len(SCENARIOS)
    assert not [name for name in shown_names if name in played.log]


def test_an_operators_own_settings_do_not_get_in(played: Performance) -> None:
    """The operator's own settings do not affect the demo."""
    assert "production" not in played.log
    assert "127.0.0.1:1/" not in played.log


def test_on_a_terminal_it_shows_a_table_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    """On a terminal Ctrl-C ends all processes, and the exit code is not 0."""
    with running_on_terminal("demo", "--log", "own.log", cwd=tmp_path) as (demo, press):
        wait_for(demo.output, lambda output: "complete" in output, "a call is complete")
        shown, started = demo.output(), demo.descendants()
        press(b"\x03")
        assert demo.process.wait(60) == 1
        assert any("flower" in words for words in started.values())
        assert not alive(started)
        assert "was not completed" in demo.output()
    assert re.search(r"API .*http://127\.0\.0\.1:\d+/api/docs", shown)
    assert re.search(r"Flower .*http://127\.0\.0\.1:\d+", shown)
    assert all(scenario.title in shown for scenario in SCENARIOS)
    assert "valkey" in (tmp_path / "own.log").read_text(encoding="utf-8")
