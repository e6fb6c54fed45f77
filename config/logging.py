"""Configures logging: structlog renders the lines of the bridge and of libraries, redacted.

The lines are JSON, or readable text on a terminal. The ids of the call, engagement, task and
request are bound as context variables when a request or a task begins.
"""

import logging
import logging.config
import sys

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
"""Loggers of which only warnings and errors are logged. Their other lines hold whole messages, or
events that the bridge itself logs.
"""

OWN_HANDLERS = ("uvicorn", "uvicorn.error", "celery", "flower", "tornado")
"""Loggers whose libraries attach handlers. The handlers are removed, because they do not redact."""

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
)


def start_process() -> Settings:
    """Load the settings, configure logging, and log unknown settings. Each process calls this."""
    settings = load_settings()
    configure_logging(settings)
    log = structlog.get_logger("config")
    for name in unknown_names():
        log.warning("setting.unknown", setting=name, detail="This setting has no effect.")
    for name in forget_celery_variables():
        log.warning("setting.ignored", setting=name, detail="Set BRIDGE_BROKER_URL instead.")
    return settings


def configure_logging(settings: Settings) -> None:
    """Send each log line of this process, the bridge's or a library's, to standard error.

    The handlers of libraries' loggers are removed, so that their lines reach the root logger.
    """
    level, rendering = settings.log_level.upper(), _rendering(settings)
    levels = dict.fromkeys(OWN_HANDLERS, "NOTSET") | dict.fromkeys(QUIET, "WARNING")
    loggers = {
        name: {"handlers": [], "propagate": True, "level": least} for name, least in levels.items()
    }
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
    )
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
            "formatters": {"bridge": {"()": lambda: formatter}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stderr",
                    "formatter": "bridge",
                }
            },
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": loggers,
        }
    )


class _OwnLogger(structlog.WriteLogger):
    """Writes the bridge's rendered lines, in half the time that the standard library needs."""

    def __init__(self, name: str = "") -> None:
        super().__init__(sys.stderr)
        self.name = name


def _rendering(settings: Settings) -> tuple[Processor, ...]:
    """Return the structlog processors that redact and render a log line."""
    on_terminal = settings.log_format == "auto" and sys.stderr.isatty()
    console = settings.log_format == "console" or on_terminal
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=on_terminal)
        if console
        else structlog.processors.JSONRenderer(sort_keys=False)
    )
    return structlog.processors.format_exc_info, redact, renderer
