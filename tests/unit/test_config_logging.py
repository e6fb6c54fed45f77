"""Tests that every line of a process, the bridge's or a library's, has one format."""

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
    """A captured standard error, which may claim to be a terminal."""

    def __init__(self, *, is_terminal: bool = False) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        """Return whether this is a terminal."""
        return self._is_terminal

    def lines(self) -> list[dict[str, Any]]:
        """Return the written JSON lines."""
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """Restore the process's logging after each test."""
    loggers = [logging.getLogger(), *map(logging.getLogger, ("uvicorn", "celery", *QUIET))]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


def on_stderr(home: Home, *, is_terminal: bool = False) -> Terminal:
    """Capture standard error from now on, since pytest replaces it before each phase."""
    terminal = Terminal(is_terminal=is_terminal)
    home.monkeypatch.setattr("sys.stderr", terminal)
    return terminal


def test_lines_are_json_without_a_terminal(home: Home) -> None:
    """Without a terminal each line is a JSON object with UTC time, level and logger."""
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
def test_a_terminal_gets_readable_lines(
    home: Home, log_format: str, *, is_terminal: bool, is_json: bool
) -> None:
    """A terminal gets readable lines unless the operator sets the format."""
    terminal = on_stderr(home, is_terminal=is_terminal)
    home.set(log_format=log_format)
    configure_logging(Settings())
    structlog.get_logger("x").info("call.submitted", lead_name="Jane", call_id="4155550100")
    written = terminal.getvalue()
    assert written.startswith("{") is is_json
    assert "Jane" not in written
    assert "4155550100" in written


def test_bound_values_are_on_the_lines_of_libraries(home: Home) -> None:
    """The bound call id and task id stand on a library's lines, too."""
    stderr = on_stderr(home)
    configure_logging(Settings())
    with structlog.contextvars.bound_contextvars(call_id="c-1", task_id="t-1"):
        logging.getLogger("some.library").warning("slow: %s of %d", "query", 3)
    (line,) = stderr.lines()
    assert (line["event"], line["level"]) == ("slow: query of 3", "warning")
    assert (line["call_id"], line["task_id"], line["logger"]) == ("c-1", "t-1", "some.library")


PRIVATE = "+14155550100 jane@customer.example sk-apik_id.hush https://h.example/a?sig=hush"


def fail(text: str) -> NoReturn:
    """Raise an error with a cause, both with this text."""
    raise ValueError(text) from KeyError(text)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_redaction_comes_last(home: Home, log_format: str) -> None:
    """Arguments, bound values, exceptions and their causes are redacted."""
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
    """Quiet libraries log warnings and errors only."""
    stderr = on_stderr(home)
    configure_logging(Settings())
    for name in QUIET:
        logging.getLogger(name).info("GET /webhooks/wavv?secret=hush")
        logging.getLogger(name).warning("trouble")
    assert [line["event"] for line in stderr.lines()] == ["trouble"] * len(QUIET)


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error", "celery", "flower", "tornado"])
def test_handlers_of_libraries_are_removed(home: Home, name: str) -> None:
    """A library's handler is removed, so that no line is written twice or unredacted."""
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
    """The log level applies to the bridge and to libraries."""
    stderr = on_stderr(home)
    home.set(log_level=level)
    configure_logging(Settings())
    for name in ("debug", "info", "warning", "error"):
        structlog.get_logger("x").log(logging.getLevelNamesMapping()[name.upper()], name)
    assert [line["event"] for line in stderr.lines()] == written


def test_starting_a_process_reports_misspelt_settings(home: Home) -> None:
    """An unknown setting is logged by its name and without its value."""
    stderr = on_stderr(home)
    home.set(wavv_secret="hush", namespace="acme")
    assert start_process().namespace == "acme"
    (line,) = stderr.lines()
    assert (line["event"], line["level"]) == ("setting.unknown", "warning")
    assert line["setting"].endswith("is BRIDGE_WAVV_SECRETS meant?")
    assert "hush" not in stderr.getvalue()
