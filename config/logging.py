"""Logging: structlog for our own lines and for the libraries', redaction last.

JSON in production, console on a terminal. The call id, engagement id, task id and request id are
bound as context variables where a request or a task begins.
"""

import logging
import logging.config
import sys
from typing import Any

import structlog
from structlog.typing import Processor

from config.environment import forget_celery_variables
from config.load import load_settings, unknown_names
from config.redaction import redact
from config.settings import Settings

QUIET = (
    "amqp",
    "asyncio",
    "celery.app.trace",
    "celery.beat",
    "celery.pool",
    "celery.utils.functional",
    "celery.worker.strategy",
    "httpcore",
    "httpx",
    "kombu",
    "redis",
    "uvicorn.access",
)
"""Loggers whose lines hold whole messages, or say in other words what ours and Flower say."""

OWN_HANDLERS = ("uvicorn", "uvicorn.error", "celery", "flower", "tornado")
"""Loggers that their programs set up with handlers of their own, which redact nothing."""

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


def start_process() -> Settings:
    """Load the settings, configure logging, and report misspelt settings. For every process."""
    settings = load_settings()
    configure_logging(settings)
    log = structlog.get_logger("config")
    for name in unknown_names():
        log.warning("setting.unknown", setting=name)
    for name in forget_celery_variables():
        log.warning("setting.ignored", setting=f"{name}: set BRIDGE_BROKER_URL instead")
    return settings


def configure_logging(settings: Settings) -> None:
    """Send every log line of this process, ours or a library's, to standard error."""
    level, rendering = settings.log_level.upper(), _rendering(settings)
    structlog.configure(
        processors=[*SHARED, *rendering],
        logger_factory=_OwnLogger,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"bridge": {"()": lambda: _formatter(rendering)}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stderr",
                    "formatter": "bridge",
                }
            },
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": _library_levels(),
        }
    )


def _library_levels() -> dict[str, Any]:
    """Take libraries' loggers as they come: with handlers and levels of their own making."""
    levels = dict.fromkeys(OWN_HANDLERS, "NOTSET") | dict.fromkeys(QUIET, "WARNING")
    return {
        name: {"handlers": [], "propagate": True, "level": level} for name, level in levels.items()
    }


class _OwnLogger(structlog.WriteLogger):
    """Writes our own lines, which are rendered already: the standard library would cost twice."""

    def __init__(self, name: str = "") -> None:
        super().__init__(sys.stderr)
        self.name = name


def _rendering(settings: Settings) -> tuple[Processor, ...]:
    """Return the last processors of every line, ours or a library's."""
    on_terminal = settings.log_format == "auto" and sys.stderr.isatty()
    console = settings.log_format == "console" or on_terminal
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=on_terminal)
        if console
        else structlog.processors.JSONRenderer(sort_keys=False)
    )
    return structlog.processors.format_exc_info, redact, renderer


def _formatter(rendering: tuple[Processor, ...]) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
