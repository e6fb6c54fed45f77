"""How the processes' lines look, side by side, and that no reader can stop the bridge."""

import errno
import fcntl
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bridge.supervise import output as output_module
from bridge.supervise.output import Output, standard_output
from tests.support.waiting import wait_for

PIPE_BYTES = 4096


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """Give the two ends of a small pipe."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def read_until(descriptor: int, last: bytes) -> bytes:
    """Read until ``last`` was read."""
    read = b""
    while last not in read:
        read += os.read(descriptor, 65536)
    return read


def test_lines_carry_the_name_of_their_process(capfd: pytest.CaptureFixture[str]) -> None:
    """In one column, so that the eye can follow one of them."""
    with Output(1) as output:
        output("web", "up")
        output("worker", "café \N{REPLACEMENT CHARACTER}")
    assert capfd.readouterr().out == "web      | up\nworker   | café \N{REPLACEMENT CHARACTER}\n"


def test_a_terminal_shows_each_name_in_a_colour_of_its_own(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The same one every time; what a process wrote keeps its own colours."""
    with Output(1, coloured=True) as output:
        for name in ("web", "worker", "beat", "valkey", "web"):
            output(name, "up")
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == lines[-1]
    assert all(line.startswith("\x1b[") and line.endswith("\x1b[0m up") for line in lines)
    assert len({line.partition("m")[0] for line in lines}) > 1


def test_what_the_encoding_lacks_is_replaced(capfd: pytest.CaptureFixture[str]) -> None:
    """A name in a log line must not end the supervision of its process."""
    with Output(1, "ascii") as output:
        output("web", "café")
    assert capfd.readouterr().out == "web      | caf?\n"


def test_standard_output_is_written_to_as_it_is_set_up(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its encoding; no colours where there is no terminal."""
    with open(1, "w", encoding="ascii", closefd=False) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with standard_output() as output:
            output("web", "café")
        monkeypatch.undo()
    assert capfd.readouterr().out == "web      | caf?\n"


def test_a_closed_standard_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its descriptor may be a connection's by then, and is not written to."""
    monkeypatch.setattr(sys, "stdout", None)
    with standard_output() as output:
        output("web", "up")


def test_a_reader_that_has_stopped_stops_nothing_and_learns_what_was_dropped() -> None:
    """Ctrl-S: what fits is kept, the rest is counted, and writing goes on when reading does."""
    line = "x" * 1000
    with pipe() as (reading, writing), Output(writing, most=20_000) as output:
        begun = time.monotonic()
        for _ in range(1000):
            output("web", line)
        assert time.monotonic() - begun < 5
        read = read_until(reading, b"lines of output")
        output("web", "the last one")
        read += read_until(reading, b"the last one\n")
    lines = read.decode().splitlines()
    reports = [one for one in lines if one.startswith("up       | dropped ")]
    kept = sum(line in one for one in lines)
    assert sum(int(report.split()[3]) for report in reports) == 1000 - kept
    assert kept < 30


def test_a_reader_that_has_stopped_delays_the_end_by_no_more_than_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGTERM ends the bridge also behind Ctrl-S."""
    monkeypatch.setattr(output_module, "CLOSE_SECONDS", 0.1)
    with pipe() as (reading, writing):
        begun = time.monotonic()
        with Output(writing) as output:
            output("web", "x" * 10 * PIPE_BYTES)
        assert time.monotonic() - begun < 5
        read_until(reading, b"x\n")  # else the thread would write into another test


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_disk_that_is_full_for_a_moment_costs_lines_only(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """They are counted, and a line that was cut off ends before the next one."""
    full = Full(number)
    monkeypatch.setattr(os, "write", full)
    with Output(1) as output:
        output("web", "whole")
        output("web", "cut off")
        wait_for(lambda: full.refused, lambda refused: refused == 1, "one was cut off")
        output("web", "lost")
        wait_for(lambda: full.refused, lambda refused: refused == 2, "one was refused")
        full.is_full = False
        output("web", "whole again")
    assert capfd.readouterr().out == (
        "web      | whole\n"
        "web  \n"
        "up       | dropped 2 lines of output that could not be written\n"
        "web      | whole again\n"
    )


class Full:
    """``os.write`` to a disk that has five bytes left after the first line."""

    def __init__(self, number: int) -> None:
        self.is_full = True
        self.refused = 0
        self._left = len("web      | whole\n") + 5
        self._number = number
        self._write: Callable[[int, bytes | memoryview], int] = os.write

    def __call__(self, descriptor: int, data: memoryview) -> int:
        """Write what fits; fail when nothing does."""
        if not self.is_full:
            return self._write(descriptor, data)
        if not self._left:
            self.refused += 1
            raise OSError(self._number, os.strerror(self._number))
        written = self._write(descriptor, data[: self._left])
        self._left -= written
        return written


def test_a_reader_that_went_away_is_no_error() -> None:
    """Ctrl-C at ``bridge up | tee`` ends tee, too."""
    reading, writing = os.pipe()
    os.close(reading)
    with Output(writing) as output:
        output("web", "up")
    os.close(writing)


def test_a_descriptor_that_another_program_made_non_blocking_loses_nothing() -> None:
    """A shared terminal may be; the thread waits until it takes more."""
    with pipe() as (reading, writing):
        os.set_blocking(writing, False)
        with Output(writing) as output:
            for number in range(50):
                output("web", f"{number} " + "x" * 1000)
            read = read_until(reading, b"49 xxx")
    assert read.count(b"web ") == 50
