"""One supervised process: a real one with a few lines of Python."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from types import SimpleNamespace

import pytest

from bridge.supervise import child as child_module
from bridge.supervise import parent_death
from bridge.supervise.child import LONGEST_LINE, Child, CrashLoopError, RestartPolicy
from bridge.supervise.commands import Command
from tests.support.bridge_command import alive
from tests.support.child_programs import (
    HASTE,
    HELPERS,
    NEVER,
    OBEDIENT,
    ONCE,
    STUBBORN,
    Output,
    play,
    program,
)
from tests.support.waiting import wait_for

HOUR = 3600.0

SUPERVISES = """\
import asyncio, sys
from bridge.supervise.child import Child
from bridge.supervise.commands import Command

text, number = sys.argv[1:]
command = Command("it", (sys.executable, "-c", text), death_signal=int(number))
asyncio.run(Child(command, lambda _, line: print(line, flush=True)).run())
"""


def lines_of_one_life(text: str) -> list[str]:
    """Return the output of a program that is started once."""
    output = Output()

    async def scenario() -> None:
        with pytest.raises(CrashLoopError):
            await Child(program(text), output, ONCE).run()

    play(scenario())
    return [line.removeprefix("it: ") for line in output.lines]


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        (rb"one\ntwo\n", ["one", "two"]),
        (rb"one\n\ntwo\n", ["one", "", "two"]),
        (rb"no newline at the end", ["no newline at the end"]),
        (rb"caf\xc3\xa9 \xff\n", ["café \N{REPLACEMENT CHARACTER}"]),
        (rb"", []),
    ],
)
def test_output_is_passed_on_line_by_line(written: bytes, lines: list[str]) -> None:
    """Output is passed on line by line, also without a last newline or without UTF-8."""
    text = f"sys.stdout.buffer.write(b'{written.decode()}')"
    assert lines_of_one_life(text) == lines


def test_a_line_beyond_the_limit_comes_in_pieces_and_the_next_one_whole() -> None:
    """A line over the limit is passed on in pieces, and the next line is whole."""
    size = 2 * LONGEST_LINE + 7
    *pieces, last = lines_of_one_life(f"say('x' * {size}); say('next')")
    assert last == "next"
    assert "".join(pieces) == "x" * size


def test_standard_error_is_output_too() -> None:
    """Standard error is passed on like standard output."""
    assert lines_of_one_life("print('a log line', file=sys.stderr)") == ["a log line"]


def test_a_process_has_no_input_and_a_new_session() -> None:
    """A process has no input and a session of its own, so a terminal's Ctrl-C does not reach it."""
    text = "say(repr(sys.stdin.read())); say(os.getsid(0) == os.getpid() == os.getpgrp())"
    assert lines_of_one_life(text) == ["''", "True"]


def test_a_process_that_ended_is_started_again() -> None:
    """A process that exits by itself is started again, also after exit code 0."""

    async def scenario() -> None:
        output = Output()
        child = Child(program("say('up'); sys.exit(3)"), output, NEVER)
        running = asyncio.create_task(child.run())
        await output.until("it: ended with exit code 3; starting it again", times=4)
        await child.stop()
        await running
        assert output.lines[:2] == ["it: up", "it: ended with exit code 3; starting it again"]

    play(scenario())


def test_three_short_lives_at_first_are_enough() -> None:
    """A process that exits quickly three times at its start is given up."""
    output = Output()

    async def scenario() -> None:
        with pytest.raises(CrashLoopError, match=r"^it keeps ending with exit code 7$"):
            await Child(program("say('up'); sys.exit(7)"), output, HASTE).run()

    play(scenario())
    assert output.lines.count("it: up") == 3


def test_a_process_that_has_lived_is_never_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that has run for a while is never given up."""
    clock = chain.from_iterable((0.0, life) for life in chain([1, 1, HOUR], repeat(1)))
    monkeypatch.setattr(child_module, "time", SimpleNamespace(monotonic=clock.__next__))

    async def scenario() -> None:
        output = Output()
        child = Child(program("say('up')"), output, RestartPolicy(short_life=5, pause=0))
        running = asyncio.create_task(child.run())
        await output.until("it: up", times=9)
        await child.stop()
        await running

    play(scenario())


@pytest.mark.parametrize(
    ("text", "grace", "ending"),
    [
        (OBEDIENT, HOUR, ["it: down"]),
        (STUBBORN, 0.3, ["it: asked", "it: did not end in time; killing it"]),
    ],
)
def test_a_process_is_killed_only_after_its_grace(
    text: str, grace: float, ending: list[str]
) -> None:
    """A process gets SIGTERM, and SIGKILL only after its grace."""

    async def scenario() -> None:
        output = Output()
        child = Child(program(text, grace=grace), output)
        running = asyncio.create_task(child.run())
        await output.until("it: up")
        await child.stop()
        await running
        assert output.lines == ["it: up", *ending]

    play(scenario())


def test_stopping_while_it_rests_between_two_lives_is_the_end() -> None:
    """Stopping during the pause before a restart ends at once."""

    async def scenario() -> None:
        output = Output()
        child = Child(program("say('up')"), output, RestartPolicy(short_life=HOUR, pause=HOUR))
        running = asyncio.create_task(child.run())
        await output.until("it: ended with exit code 0; starting it again")
        await child.stop()
        await running
        assert output.lines.count("it: up") == 1

    play(scenario())


def test_stopping_while_it_is_being_started_is_the_end() -> None:
    """Stopping while the process is being started stops it."""

    async def scenario() -> None:
        child = Child(program(STUBBORN), Output())
        running = asyncio.create_task(child.run())
        await asyncio.sleep(0)
        await child.stop()
        await running

    play(scenario())


def test_what_a_process_leaves_behind_ends_with_it() -> None:
    """Child processes that outlive a process are killed with it.

    They hold its port. The end is reported after all writers of its pipe are gone.
    """
    text = "if os.fork(): os.kill(os.getpid(), signal.SIGKILL)\nwait()"

    async def scenario() -> None:
        output = Output()
        child = Child(program(text), output, NEVER)
        running = asyncio.create_task(child.run())
        code = -signal.SIGKILL
        await output.until(f"it: ended with exit code {code}; starting it again", times=2)
        await child.stop()
        await running

    play(scenario())


def test_a_program_that_cannot_be_started_is_an_error() -> None:
    """A program that cannot be started is an error, and is not retried."""

    async def scenario() -> None:
        await Child(Command("it", ("/nowhere/it",)), Output()).run()

    with pytest.raises(FileNotFoundError, match="/nowhere/it"):
        play(scenario())


def test_its_environment_is_ours_with_its_own_on_top(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process has the environment of its supervisor plus its own variables."""
    monkeypatch.setenv("INHERITED", "ours")
    monkeypatch.setenv("CHANGED", "ours")
    output = Output()
    text = "say(os.environ['INHERITED'] + ' ' + os.environ['CHANGED'])"

    async def scenario() -> None:
        command = Command("it", program(text).argv, {"CHANGED": "its own"})
        with pytest.raises(CrashLoopError):
            await Child(command, output, ONCE).run()

    play(scenario())
    assert output.lines == ["it: ours its own"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_gets_its_signal_when_its_supervisor_is_killed(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The kernel signals a process when its supervisor is killed."""
    marker = tmp_path / "told"
    touch = f"open({str(marker)!r}, 'w').close()"
    text = f"on_term(lambda: ({touch}, sys.exit(0))); say(os.getpid()); wait()"
    argv = (sys.executable, "-c", SUPERVISES, HELPERS + text, str(int(number)))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as supervisor:  # noqa: S603 - ours
        assert supervisor.stdout is not None
        pid = int(supervisor.stdout.readline())
        supervisor.kill()
    wait_for(lambda: alive({pid: ""}), lambda left: not left, "the process is gone")
    assert marker.exists() is (number is signal.SIGTERM)


def test_a_process_whose_supervisor_died_before_it_was_ready_is_not_started(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A process whose supervisor died during the start is not started."""
    with pytest.raises(SystemExit):
        parent_death.main(["1", str(int(signal.SIGKILL)), "echo", "started"])
    assert not capfd.readouterr().out


RESERVED = 1 << 31 | 1 << 32
"""The C library's own signals 32 and 33, which no program can reset. Children of make inherit them.

https://man7.org/linux/man-pages/man7/nptl.7.html
"""


@pytest.fixture(params=[signal.SIGPIPE, signal.SIGINT, signal.SIGHUP])
def ignored(request: pytest.FixtureRequest) -> Iterator[None]:
    """Ignore a signal, as Python, a script's background job or ``nohup`` does."""
    before = signal.signal(request.param, signal.SIG_IGN)
    yield
    signal.signal(request.param, before)


@pytest.mark.usefixtures("ignored")
def test_a_process_has_no_signal_ignored_and_writes_for_its_owner_only() -> None:
    """A process ignores no signal, and its files are readable by the owner only."""
    shown = Command("it", ("sh", "-c", "grep SigIgn /proc/self/status; umask"))
    output = Output()

    async def scenario() -> None:
        with pytest.raises(CrashLoopError):
            await Child(shown, output, ONCE).run()

    play(scenario())
    ignored, umask = output.lines
    assert int(ignored.removeprefix("it: SigIgn:"), 16) & ~RESERVED == 0
    assert umask == "it: 0077"
