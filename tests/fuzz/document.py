"""The API against its OpenAPI document: the responses match it, also to invalid requests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import schemathesis
from fastapi import FastAPI
from schemathesis import Case
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from bridge.web.app import build_app
from tests.fuzz.surface import DroppingPublisher
from tests.fuzz.target import Target
from tests.support.web_process import TOKEN, services_for

DOCUMENT = "/api/openapi.json"
LEFT_OUT = [
    ignored_auth,  # the throttle rejects many requests without a token; the API's tests cover it
    positive_data_acceptance,  # a cursor must be one that the API returned
]
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def api(redis_url: str) -> Iterator[FastAPI]:
    """Provide an application; schemathesis starts and ends it for each request."""
    services = replace(services_for(redis_url, {}), publisher=DroppingPublisher())
    with services.redis:
        yield build_app(services, redis_url)


def target(app: FastAPI) -> Target:
    """Return the target: one operation a round, no 5xx, no response outside the document."""
    document = schemathesis.openapi.from_asgi(DOCUMENT, app)
    found = [document[path][method] for path in document for method in document[path]]
    return Target("the API's document", [operation.as_strategy() for operation in found], _check)


def _check(case: Case[Any]) -> None:
    case.call_and_validate(headers=HEADERS, excluded_checks=LEFT_OUT)
