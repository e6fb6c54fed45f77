"""Converts errors of the API to HTTP responses, each with its reason and what to do about it."""

import re
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from redis.exceptions import RedisError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bridge.api.auth import UnauthorizedError
from bridge.api.known_parameters import UnknownParameterError
from bridge.api.suggestion import did_you_mean
from bridge.asgi.problems import internal_error, problem
from bridge.errors import DamagedRecordError, NewerRecordError
from bridge.reasons import Reason

log = structlog.get_logger(__name__)

BUG = "The client got 500. This is a bug: report it with the traceback that follows."
NAME = re.compile(r"[a-z_]{1,20}")
CHOICE = re.compile(r"'([^']+)'")


def add_error_handlers(app: FastAPI) -> None:
    """Register handlers that respond to every error with a problem document (RFC 9457)."""

    @app.exception_handler(UnauthorizedError)
    async def _(_request: Request, error: UnauthorizedError) -> Response:
        return problem(error.status, error.reason, error.detail, error.headers)

    @app.exception_handler(HTTPException)
    async def _(_request: Request, error: HTTPException) -> Response:
        slug = {
            404: Reason.NOT_FOUND,
            405: Reason.METHOD_NOT_ALLOWED,
            409: Reason.CONFLICT,
            413: Reason.TOO_LARGE,
        }
        reason = slug.get(error.status_code, Reason.BAD_REQUEST)
        return problem(error.status_code, reason, str(error.detail), error.headers)

    @app.exception_handler(RequestValidationError)
    async def _(_request: Request, error: RequestValidationError) -> Response:
        found = [(str(one["loc"][-1]), _message(one)) for one in error.errors()]
        # An unknown parameter's name is the client's text and may be personal, so it is not shown.
        known = [(name if NAME.fullmatch(name) else "another name", text) for name, text in found]
        detail = "; ".join(f"{name}: {text}" for name, text in known)
        return problem(422, Reason.BAD_PARAMETER, detail)

    @app.exception_handler(UnknownParameterError)
    async def _(_request: Request, error: UnknownParameterError) -> Response:
        return problem(422, Reason.UNKNOWN_PARAMETER, error.detail)

    @app.exception_handler(RedisError)
    async def _(_request: Request, _error: RedisError) -> Response:
        return problem(503, Reason.STORE_UNAVAILABLE, "Redis does not respond. Try again.")

    @app.exception_handler(NewerRecordError)
    async def _(_request: Request, _error: NewerRecordError) -> Response:
        detail = "A newer version of the bridge wrote this call. Update this process, too."
        return problem(503, Reason.NEWER_RECORD, detail)

    @app.exception_handler(DamagedRecordError)
    async def _(_request: Request, _error: DamagedRecordError) -> Response:
        detail = "The record of this call is damaged. Its bytes are kept: see docs/operations.md."
        return problem(409, Reason.DAMAGED_RECORD, detail)

    @app.exception_handler(Exception)
    async def _(_request: Request, error: Exception) -> Response:
        log.error("response.internal_error", error=type(error).__name__, detail=BUG)
        return internal_error()


def _message(error: Mapping[str, Any]) -> str:
    """Return pydantic's message. For one of several choices it ends with the nearest choice."""
    choices = CHOICE.findall(error.get("ctx", {}).get("expected", ""))
    return (
        f"{error['msg']}.{did_you_mean(str(error['input']), choices)}" if choices else error["msg"]
    )
