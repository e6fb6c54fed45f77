"""Tests for the demo's exit code and its last output."""

from pathlib import Path

import pytest

from bridge.simulator.demo import run as run_module
from bridge.simulator.demo.poll import DemoResult
from bridge.simulator.demo.scenarios import DemoCall, Scenario

CALL = DemoCall(Scenario("normal"), "c-1", ())
SEEN = {"c-1": {"state": "complete", "reason": None, "insights_status": "all", "attempts": 1}}


@pytest.mark.parametrize(
    ("result", "code", "text"),
    [
        (DemoResult([CALL], SEEN, {"wavv-call-c-1": 1}, 9), 0, "1 of 1 calls ended as expected"),
        (DemoResult([CALL], SEEN, {"wavv-call-c-1": 2}, 9), 1, "unexpected normal"),
        (DemoResult([CALL], {}, {}, 50), 1, "found nothing"),
        (None, 1, "was not completed"),
    ],
)
def test_only_a_successful_demo_exits_with_0(
    result: DemoResult | None,
    code: int,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 0 on success only, and the output always names the log file."""

    async def run_processes(*_: object) -> DemoResult | None:
        return result

    monkeypatch.setattr(run_module, "_run_processes", run_processes)
    monkeypatch.setattr(run_module, "isolate", lambda _: None)
    log = tmp_path / "new" / "demo.log"
    assert run_module.run(log) == code
    output = " ".join(capsys.readouterr().out.split())
    assert text in output
    assert str(log.name) in output
    assert log.parent.is_dir()
