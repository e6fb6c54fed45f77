"""Beat publishes the sweep at the configured interval."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bridge_command import environment

PROGRAM = """\
import json
from celery.utils.imports import symbol_by_name
from tasks import celery
celery.loader.import_default_modules()
known = [name for name in celery.tasks if name.startswith("tasks.")]
entries = symbol_by_name(celery.conf.beat_scheduler)(app=celery).schedule.values()
entries_seen = [[e.task, e.schedule.run_every.total_seconds(), e.options] for e in entries]
print(json.dumps({"known": known, "entries": entries_seen}))
"""
"""Prints the schedule that beat reads from the settings of its process."""


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [({}, 10), ({"BRIDGE_SWEEP_INTERVAL": "PT1M30S"}, 90)],
)
def test_the_sweep_is_given_out_at_its_interval(
    tmp_path: Path, settings: dict[str, str], seconds: float
) -> None:
    """The sweep is beat's only task, and its messages expire late enough for clock differences."""
    env = environment({"BRIDGE_REDIS_URL": "redis://127.0.0.1:1/0", **settings})
    words = (sys.executable, "-c", PROGRAM)
    ended = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, check=True)  # noqa: S603 - our own program
    schedule = json.loads(ended.stdout)
    options = {"expires": 86400, "headers": {"routine": "1"}}
    assert schedule["entries"] == [["tasks.sweep.sweep", seconds, options]]
    assert "tasks.sweep.sweep" in schedule["known"]
