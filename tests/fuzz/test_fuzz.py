"""A short run of every target, and proof that a fault would be found. The long one: make fuzz."""

from collections.abc import Iterator

import pytest
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from starlette.responses import Response

from tests.fuzz import answers, crm, document, signatures, wavv, wire
from tests.fuzz.crm_stored import stored
from tests.fuzz.driver import MemoryGrewError, Seen, quiet, run
from tests.fuzz.requests import Request
from tests.fuzz.surface import Surface, surface
from tests.fuzz.target import Target

EACH = 250
SHORT = 300
"""Different inputs: two rounds, for some of a round are alike."""

NUMBERS = st.integers(0, 2**63)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Let no refused event be told of."""
    with quiet():
        yield


@pytest.fixture
def whole(valkey_url: str) -> Iterator[Surface]:
    """Give the application on a store that is there."""
    with surface(valkey_url) as one:
        yield one


@pytest.mark.parametrize(
    "target",
    [
        *(wire.TARGET, wavv.TARGET, crm.TARGET),
        *(signatures.WAVV, signatures.ELEPHANT, answers.TARGET),
    ],
    ids=lambda target: target.name,
)
def test_nothing_that_strangers_send_raises(target: Target) -> None:
    """The same inputs each time, so that a change that fails has itself to blame."""
    assert run(target, SHORT, start=4, each=EACH).inputs >= SHORT


def test_no_request_is_answered_5xx(whole: Surface) -> None:
    """And the requests reach every kind of answer, so that it is not noise that is refused."""
    assert run(whole.target, 3 * SHORT, start=4, each=EACH).inputs >= SHORT
    assert set(whole.statuses) >= {200, 202, 400, 401, 404, 405, 415, 422}


def test_every_payload_of_five_products_is_stored_as_one_call(valkey_url: str) -> None:
    """As it was meant, through the ingress and the intake."""
    with stored(valkey_url) as target:
        assert run(target, EACH // 2, start=4, each=EACH).inputs >= EACH // 2


def test_the_api_answers_as_its_document_says(valkey_url: str) -> None:
    """Also what the document forbids; an answer that it does not tell of is a fault."""
    with document.api(valkey_url) as app:
        target = document.target(app)
        assert run(target, 20 * len(target.sources), start=4, each=25).inputs


def test_an_answer_that_the_document_does_not_tell_of_would_be_found(valkey_url: str) -> None:
    """Here a status, of a route that was forgotten."""

    def odd() -> Response:
        return Response(status_code=418)

    with document.api(valkey_url) as app:
        app.add_api_route("/odd", odd)
        with pytest.raises(FailureGroup):
            run(document.target(app), 200, start=4, each=25)


def test_an_exception_would_be_found() -> None:
    """One input of a hundred is enough."""

    def fault(number: int) -> None:
        if number % 100 == 1:
            raise KeyError(number)

    with pytest.raises(KeyError):
        run(Target("faulty", (NUMBERS,), fault), SHORT, start=4, each=EACH)


def test_an_answer_of_500_would_be_found(whole: Surface) -> None:
    """The application turns an exception into an answer; it counts all the same."""

    def broken() -> None:
        raise KeyError

    whole.rest.add_api_route("/broken", broken)
    with pytest.raises((AssertionError, KeyError)):
        whole.check(Request("GET", b"/broken", b"", (), ()))


def test_growth_would_be_found() -> None:
    """A target that keeps its inputs: an object for each is enough."""
    kept: list[object] = []
    target = Target("hoarder", (NUMBERS,), lambda number: kept.append([number]))
    with pytest.raises(MemoryGrewError):
        run(target, 16 * EACH, start=1, each=EACH)


def test_inputs_are_counted_once() -> None:
    """The same input a thousand times is one input."""
    seen = Seen()
    for number in [*range(1000)] * 3:
        seen.add(Request("GET", b"/%d" % number, b"", (), ()))
    assert 990 <= seen.count <= 1000
