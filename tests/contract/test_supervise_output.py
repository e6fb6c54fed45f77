"""The output of the processes: its format, and readers that stop or go away."""

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
    """Each line begins with the name of its process, in a column."""
    with Output(1) as output:
        output("web", "up")
        output("worker", "café \N{REPLACEMENT CHARACTER}")
    assert capfd.readouterr().out == "web      | up\nworker   | café \N{REPLACEMENT CHARACTER}\n"


def test_a_terminal_shows_each_name_in_its_colour(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """On a terminal each name has a colour, and the line keeps its own."""
    with Output(1, coloured=True) as output:
        for name in ("web", "worker", "beat", "valkey", "web"):
            output(name, "up")
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == lines[-1]
    assert all(line.startswith("\x1b[") and line.endswith("\x1b[0m up") for line in lines)
    assert len({line.partition("m")[0] for line in lines}) > 1


def test_what_the_encoding_lacks_is_replaced(capfd: pytest.CaptureFixture[str]) -> None:
    """Characters that the encoding lacks are replaced."""
    with Output(1, "ascii") as output:
        output("web", "café")
    assert capfd.readouterr().out == "web      | caf?\n"


def test_standard_output_is_written_to_as_it_is_set_up(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard output is used with its encoding, and without colours if it is no terminal."""
    with open(1, "w", encoding="ascii", closefd=False) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with standard_output() as output:
            output("web", "café")
        monkeypatch.undo()
    assert capfd.readouterr().out == "web      | caf?\n"


def test_a_closed_standard_output_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed standard output is no error, and its descriptor is not written to."""
    monkeypatch.setattr(sys, "stdout", None)
    with standard_output() as output:
        output("web", "up")


def test_a_reader_that_has_stopped_stops_nothing_and_learns_what_was_dropped() -> None:
    """Lines for a reader that has stopped are dropped and counted, and writing continues later."""
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
    """A reader that has stopped delays the end by seconds at most."""
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
    """On a full disk lines are dropped and counted, and a cut line ends before the next one."""
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
    """An ``os.write`` to a disk with five bytes left after the first line."""

    def __init__(self, number: int) -> None:
        self.is_full = True
        self.refused = 0
        self._left = len("web      | whole\n") + 5
        self._number = number
        self._write: Callable[[int, bytes | memoryview], int] = os.write

    def __call__(self, descriptor: int, data: memoryview) -> int:
        """Write what fits; raise when nothing does."""
        if not self.is_full:
            return self._write(descriptor, data)
        if not self._left:
            self.refused += 1
            raise OSError(self._number, os.strerror(self._number))
        written = self._write(descriptor, data[: self._left])
        self._left -= written
        return written


def test_a_reader_that_went_away_is_no_error() -> None:
    """A reader that has gone away is no error."""
    reading, writing = os.pipe()
    os.close(reading)
    with Output(writing) as output:
        output("web", "up")
    os.close(writing)


def test_a_descriptor_that_another_program_made_non_blocking_loses_nothing() -> None:
    """A non-blocking descriptor loses no line, because the thread waits for it."""
    with pipe() as (reading, writing):
        os.set_blocking(writing, False)
        with Output(writing) as output:
            for number in range(50):
                output("web", f"{number} " + "x" * 1000)
            read = read_until(reading, b"49 xxx")
    assert read.count(b"web ") == 50
