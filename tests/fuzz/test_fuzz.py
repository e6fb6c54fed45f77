"""A short run of every target, and tests that faults are found; ``make fuzz`` is the long run."""

from collections.abc import Iterator

import pytest
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from starlette.responses import Response

from tests.fuzz import crm, document, responses, signatures, wavv, wire
from tests.fuzz.crm_stored import stored
from tests.fuzz.driver import MemoryGrewError, Seen, quiet, run
from tests.fuzz.requests import Request
from tests.fuzz.surface import Surface, surface
from tests.fuzz.target import Target

EACH = 250
SHORT = 300
"""Different inputs: two rounds, since some inputs of a round are equal."""

NUMBERS = st.integers(0, 2**63)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Write no log lines."""
    with quiet():
        yield


@pytest.fixture
def whole(valkey_url: str) -> Iterator[Surface]:
    """Provide the application on a running store."""
    with surface(valkey_url) as application:
        yield application


@pytest.mark.parametrize(
    "target",
    [
        *(wire.TARGET, wavv.TARGET, crm.TARGET),
        *(signatures.WAVV, signatures.ELEPHANT, responses.TARGET),
    ],
    ids=lambda target: target.name,
)
def test_no_input_raises(target: Target) -> None:
    """No input of a target raises; the inputs are the same in each run."""
    assert run(target, SHORT, start=4, each=EACH).inputs >= SHORT


def test_no_request_gets_5xx(whole: Surface) -> None:
    """No request gets 5xx, and the requests reach every kind of response."""
    assert run(whole.target, 3 * SHORT, start=4, each=EACH).inputs >= SHORT
    assert set(whole.statuses) >= {200, 202, 400, 401, 404, 405, 415, 422}


def test_every_payload_of_five_products_is_stored_as_one_call(valkey_url: str) -> None:
    """All events of a workflow are stored as one call, through ingress and intake."""
    with stored(valkey_url) as target:
        assert run(target, EACH // 2, start=4, each=EACH).inputs >= EACH // 2


def test_the_api_responds_as_documented(valkey_url: str) -> None:
    """Every response is described in the OpenAPI document, also to invalid requests."""
    with document.api(valkey_url) as app:
        target = document.target(app)
        assert run(target, 20 * len(target.sources), start=4, each=25).inputs


def test_an_undocumented_response_is_found(valkey_url: str) -> None:
    """The target finds a route whose status is not in the document."""

    def odd() -> Response:
        return Response(status_code=418)

    with document.api(valkey_url) as app:
        app.add_api_route("/odd", odd)
        with pytest.raises(FailureGroup):
            run(document.target(app), 200, start=4, each=25)


def test_an_exception_is_found() -> None:
    """An exception for one of a hundred inputs is found."""

    def fault(number: int) -> None:
        if number % 100 == 1:
            raise KeyError(number)

    with pytest.raises(KeyError):
        run(Target("faulty", (NUMBERS,), fault), SHORT, start=4, each=EACH)


def test_a_response_of_500_is_found(whole: Surface) -> None:
    """An exception that the application turns into a 500 is found."""

    def broken() -> None:
        raise KeyError

    whole.rest.add_api_route("/broken", broken)
    with pytest.raises((AssertionError, KeyError)):
        whole.check(Request("GET", b"/broken", b"", (), ()))


def test_memory_growth_is_found() -> None:
    """A target that keeps one object for each input is found."""
    kept: list[object] = []
    target = Target("hoarder", (NUMBERS,), lambda number: kept.append([number]))
    with pytest.raises(MemoryGrewError):
        run(target, 16 * EACH, start=1, each=EACH)


def test_inputs_are_counted_once() -> None:
    """An input that occurs several times counts once."""
    seen = Seen()
    for number in [*range(1000)] * 3:
        seen.add(Request("GET", b"/%d" % number, b"", (), ()))
    assert 990 <= seen.count <= 1000
