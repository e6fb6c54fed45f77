"""Tests for the benchmark's rows for steady and slow traffic."""

from pathlib import Path

from bench.broker import BrokerLook
from bench.paced import Paced
from bench.plan import Plan
from bench.rows.slow import Stalled, stalled_rows
from bench.rows.steady import busy_rows, thin_rows, visible_row
from bench.table import Row

GOOD, LAGGING = Paced(kept=0.99, late=0.2, cpu=8), Paced(kept=0.7, late=9, cpu=6)


def _busy(bridge: Paced, taskiq: Paced) -> tuple[Row, Row]:
    kept, cpu = busy_rows(110, {"bridge": [bridge] * 3, "taskiq": [taskiq] * 3}, "why")
    return kept, cpu


def test_a_bridge_that_keeps_up_reaches_its_rows() -> None:
    """The row's name has the rate, and its sides the figures of the peer."""
    kept, cpu = _busy(GOOD, GOOD)
    assert (kept.is_reached, cpu.is_reached) == (True, True)
    assert kept.what.startswith("steady 110 calls/s")
    assert kept.note == "why"
    assert kept.sides.keys() == {"taskiq", "bridge p95 s", "taskiq p95 s"}
    assert not cpu.note


def test_a_bridge_that_lags_is_reported_as_lagging() -> None:
    """A lagging bridge misses the row, and the note of its CPU row names the backlog."""
    kept, cpu = _busy(LAGGING, GOOD)
    assert kept.is_reached is False
    assert "machine" not in kept.note
    assert cpu.note == "of a backlog, not of a steady load: bridge fell behind"


def test_a_rate_beyond_the_machine_is_noted() -> None:
    """If bridge and peer lag, the row is missed and its note names the peer."""
    kept, cpu = _busy(LAGGING, LAGGING)
    assert kept.is_reached is False
    assert kept.note == "why; more than this machine can do: taskiq falls behind, too"
    assert cpu.note.endswith("bridge and taskiq fell behind")


def test_thin_traffic_has_a_limit_of_a_quarter_of_a_second() -> None:
    """CPU is compared with ``naive``, and 95 of 100 waits must be under 250 ms."""
    [cpu] = thin_rows(10, {"bridge": [GOOD], "naive": [Paced(1, 0.1, 10)]})
    assert (cpu.measured.median, cpu.is_reached) == (0.8, True)
    waits = [0.1] * 95 + [3.0] * 5
    assert visible_row(10, [waits]).is_reached is True
    late = visible_row(10, [[*waits, 3.0]])
    assert (late.measured.median, late.is_reached) == (3000, False)


def test_a_slow_askelephant_has_three_rows(tmp_path: Path) -> None:
    """Visibility, fetches and messages are separate rows, each with its worst value."""
    calm = BrokerLook(10, {("submit", "a"): 1})
    doubled = BrokerLook(900, {("submit", "a"): 1, ("submit", "b"): 3})
    good = Stalled([0.5] * 100, [2.0] * 100, [calm, calm], taken_in=1500, left=1200)
    assert [row.is_reached for row in stalled_rows(Plan(tmp_path), good)] == [True] * 3
    bad = Stalled([6.0] * 100, [11.0] * 100, [calm, doubled, calm], taken_in=700, left=1200)
    visible, fetched, messages = stalled_rows(Plan(tmp_path), bad)
    assert [row.is_reached for row in (visible, fetched, messages)] == [False] * 3
    assert (messages.measured.median, messages.sides["messages in all"].median) == (3, 900)
    assert visible.sides["recorded before"].median == 700
    assert visible.sides["waiting after"].median == 1200
