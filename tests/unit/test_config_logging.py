"""Every line of a process, ours or a library's, goes through the same formatter."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NoReturn

import pytest
import structlog

from config.logging import QUIET, configure_logging, start_process
from config.settings import Settings
from tests.support.settings_home import Home


class Terminal(io.StringIO):
    """Standard error, caught; a terminal or none."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        """Tell whether somebody is looking."""
        return self._is_terminal

    def lines(self) -> list[dict[str, Any]]:
        """Return what was written, line by line."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Put back what the tests change: logging is of the whole process."""
    loggers = [logging.getLogger(), *map(logging.getLogger, ("uvicorn", "celery", *QUIET))]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    yield
    for one, handlers, level, propagate in before:
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def on_stderr(home: Home, *, is_terminal: bool = False) -> Terminal:
    """Catch standard error from here on: pytest puts its own there before every phase."""
    terminal = Terminal(is_terminal=is_terminal)
    home.monkeypatch.setattr("sys.stderr", terminal)
    return terminal


def test_lines_are_json_unless_somebody_is_looking(home: Home) -> None:
    """One object per line, with its time in UTC, level and logger."""
    stderr = on_stderr(home)
    configure_logging(Settings())
    structlog.get_logger("bridge.x").info("call.submitted", call_id="c-1", attempt=2)
    (line,) = stderr.lines()
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() is not None
    assert line == {
        "event": "call.submitted",
        "level": "info",
        "logger": "bridge.x",
        "call_id": "c-1",
        "attempt": 2,
    }


@pytest.mark.parametrize(
    ("log_format", "is_terminal", "is_json"),
    [
        ("auto", False, True),
        ("auto", True, False),
        ("json", True, True),
        ("console", False, False),
        ("console", True, False),
    ],
)
def test_a_terminal_gets_lines_for_people(
    home: Home, log_format: str, *, is_terminal: bool, is_json: bool
) -> None:
    """Unless the operator says otherwise."""
    terminal = on_stderr(home, is_terminal=is_terminal)
    home.set(log_format=log_format)
    configure_logging(Settings())
    structlog.get_logger("x").info("call.submitted", lead_name="Jane", call_id="4155550100")
    written = terminal.getvalue()
    assert written.startswith("{") is is_json
    assert "Jane" not in written
    assert "4155550100" in written


def test_what_is_bound_is_on_every_line_of_a_library_too(home: Home) -> None:
    """The call id is bound where a request or a task begins."""
    stderr = on_stderr(home)
    configure_logging(Settings())
    with structlog.contextvars.bound_contextvars(call_id="c-1", task_id="t-1"):
        logging.getLogger("some.library").warning("slow: %s of %d", "query", 3)
    (line,) = stderr.lines()
    assert (line["event"], line["level"]) == ("slow: query of 3", "warning")
    assert (line["call_id"], line["task_id"], line["logger"]) == ("c-1", "t-1", "some.library")


PRIVATE = "+14155550100 jane@customer.example sk-apik_id.hush https://h.example/a?sig=hush"


def fail(said: str) -> NoReturn:
    """Fail as a library does, with what it was given."""
    raise ValueError(said) from KeyError(said)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_redaction_comes_last(home: Home, log_format: str) -> None:
    """After arguments, bound values, exceptions and their causes have become text."""
    stderr = on_stderr(home)
    home.set(log_format=log_format)
    configure_logging(Settings())
    with structlog.contextvars.bound_contextvars(lead_email="jane@customer.example"):
        try:
            fail(PRIVATE)
        except ValueError:
            structlog.get_logger("x").exception("it.failed", detail=PRIVATE, stack_info=True)
            logging.getLogger("lib").exception("failed: %s", PRIVATE, stack_info=True)
    written = stderr.getvalue()
    assert written.count("Traceback") == 2
    assert written.count("KeyError: ") == written.count("ValueError: ") == 2
    for private in ("4155550100", "jane", "hush"):
        assert private not in written


def test_quiet_libraries_only_warn(home: Home) -> None:
    """Their lines hold whole messages, or say again what ours say."""
    stderr = on_stderr(home)
    configure_logging(Settings())
    for name in QUIET:
        logging.getLogger(name).info("GET /webhooks/wavv?secret=hush")
        logging.getLogger(name).warning("trouble")
    assert [line["event"] for line in stderr.lines()] == ["trouble"] * len(QUIET)


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error", "celery", "flower", "tornado"])
def test_libraries_with_handlers_of_their_own_lose_them(home: Home, name: str) -> None:
    """Their lines would come twice, once of them unredacted."""
    stderr = on_stderr(home)
    logger = logging.getLogger(name)
    logger.addHandler(logging.StreamHandler(stderr))
    logger.propagate = False
    configure_logging(Settings())
    logger.warning("to jane@customer.example")
    (line,) = stderr.lines()
    assert line["event"] == "to [redacted]"


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_operator_sets_the_least_level(home: Home, level: str, written: list[str]) -> None:
    """Ours and the libraries'."""
    stderr = on_stderr(home)
    home.set(log_level=level)
    configure_logging(Settings())
    for one in ("debug", "info", "warning", "error"):
        structlog.get_logger("x").log(logging.getLevelNamesMapping()[one.upper()], one)
    assert [line["event"] for line in stderr.lines()] == written


def test_starting_a_process_reports_misspelt_settings(home: Home) -> None:
    """By name: what it holds may be a secret."""
    stderr = on_stderr(home)
    home.set(wavv_secret="hush", namespace="acme")
    assert start_process().namespace == "acme"
    (line,) = stderr.lines()
    assert (line["event"], line["level"]) == ("setting.unknown", "warning")
    assert line["setting"].endswith("is BRIDGE_WAVV_SECRETS meant?")
    assert "hush" not in stderr.getvalue()
