"""How the processes' lines look, side by side."""

import sys

import pytest

from bridge.supervise.output import print_labelled


def test_lines_carry_the_name_of_their_process(capsys: pytest.CaptureFixture[str]) -> None:
    """In one column, so that the eye can follow one of them."""
    print_labelled("web", "up")
    print_labelled("worker", "café \N{REPLACEMENT CHARACTER}")
    assert capsys.readouterr().out == "web      | up\nworker   | café \N{REPLACEMENT CHARACTER}\n"


def test_a_terminal_shows_each_name_in_a_colour_of_its_own(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same one every time; what a process wrote keeps its own colours."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    names = ("web", "worker", "beat", "valkey", "web")
    for name in names:
        print_labelled(name, "up")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == lines[-1]
    assert all(line.startswith("\x1b[") and line.endswith("\x1b[0m up") for line in lines)
    assert len({line.partition("m")[0] for line in lines}) > 1


def test_what_the_encoding_lacks_is_replaced(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name in a log line must not end the supervision of its process."""
    with open(1, "w", encoding="ascii", closefd=False) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        print_labelled("web", "café")
        monkeypatch.undo()
    assert capfd.readouterr().out == "web      | caf?\n"
