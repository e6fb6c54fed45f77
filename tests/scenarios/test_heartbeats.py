"""A real worker writes its heartbeat."""

from bridge import __version__
from tests.support.stack import Stack


def test_a_worker_is_listed_from_its_start(shared: Stack) -> None:
    """The stack's worker is in the statistics, under its name in Celery and with its version."""
    (worker,) = shared.bridge.stats()["workers"]
    assert worker["name"].startswith("celery@")
    assert worker["version"] == __version__
    assert worker["running"] >= 0
