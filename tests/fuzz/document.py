"""The API against its own document: what that allows, and what it forbids, is answered by it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import schemathesis
from fastapi import FastAPI
from schemathesis import Case
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from bridge.web.app import build_app
from tests.fuzz.surface import Deaf
from tests.fuzz.target import Target
from tests.support.web_process import TOKEN, services_for

DOCUMENT = "/api/openapi.json"
LEFT_OUT = [
    ignored_auth,  # many requests without a token are told to come later; the API's tests have it
    positive_data_acceptance,  # a cursor is one of ours, and not any text
]
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def api(redis_url: str) -> Iterator[FastAPI]:
    """Give an application of its own: the library starts and ends it for each request."""
    services = replace(services_for(redis_url, {}), publisher=Deaf())
    with services.redis:
        yield build_app(services, redis_url)


def target(app: FastAPI) -> Target:
    """Return what is to be fuzzed: an operation a round, no 5xx, nothing undescribed."""
    document = schemathesis.openapi.from_asgi(DOCUMENT, app)
    found = [document[path][method] for path in document for method in document[path]]
    return Target("the API's document", [one.as_strategy() for one in found], _check)


def _check(case: Case[Any]) -> None:
    case.call_and_validate(headers=HEADERS, excluded_checks=LEFT_OUT)
