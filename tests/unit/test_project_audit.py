"""`.ci/audit`: a known vulnerability is a failure, and silence is not taken for "none"."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.project_files import ROOT
from tests.support.waiting import WITHIN

MIRROR = "echo 'ERROR: amqp: Dependency not found and could not be audited: amqp (5.4.2)'; exit 1"
NOTHING = "echo 'No known vulnerabilities found'"
HANGING = "exec sleep 60"
VULNERABLE = "echo 'jinja2 2.4.1 PYSEC-2014-8 2.7.3'; exit 1"


def audited(directory: Path, old: str, ours: str) -> subprocess.CompletedProcess[str]:
    """Run it where `make audit` does ``old`` for the old package and ``ours`` for our lock."""
    make = directory / "make"
    make.write_text(f'#!/bin/sh\ncase "$*" in *LOCK=*) {old};; *) {ours};; esac\n', "utf-8")
    make.chmod(0o755)
    env = os.environ | {"PATH": f"{directory}:{os.environ['PATH']}", "AUDIT_SECONDS": "0.5"}
    command = [str(ROOT / ".ci" / "audit")]
    return subprocess.run(  # noqa: S603 - our own script
        command, env=env, capture_output=True, text=True, timeout=WITHIN, check=False
    )


def test_a_known_vulnerability_is_a_failure(tmp_path: Path) -> None:
    """And told by its name."""
    ended = audited(tmp_path, VULNERABLE, "echo 'httpx 1.0 GHSA-xxxx 1.1'; exit 1")
    assert ended.returncode == 1
    assert "httpx 1.0 GHSA-xxxx 1.1" in ended.stdout


def test_where_all_is_well_it_says_so(tmp_path: Path) -> None:
    """Only where the old package's vulnerabilities were told of."""
    ended = audited(tmp_path, VULNERABLE, NOTHING)
    assert ended.returncode == 0
    assert "no known vulnerability" in ended.stdout


@pytest.mark.parametrize(
    ("old", "ours"),
    [
        (MIRROR, MIRROR),
        (NOTHING, NOTHING),
        (HANGING, HANGING),
        (VULNERABLE, MIRROR),
        (VULNERABLE, HANGING),
    ],
    ids=["mirror", "no data", "no answer", "mirror later", "no answer later"],
)
def test_where_nothing_can_be_looked_up_it_says_that(tmp_path: Path, old: str, ours: str) -> None:
    """It passes, for continuous integration may have no internet; quickly, and not as "none"."""
    ended = audited(tmp_path, old, ours)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "could NOT be looked up" in ended.stdout
    assert "no known" not in ended.stdout
