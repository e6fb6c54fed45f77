"""The chaos suite's senders repeat events as WAVV does, and record what was acknowledged."""

from collections import Counter
from datetime import UTC, datetime
from random import Random

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bridge.simulator.wavv.delivery import PATH
from bridge.wavv.signature import SIGNATURE_HEADER, verify_signature
from tests.chaos.plan import Recipe, make_plan
from tests.chaos.senders import Senders
from tests.support.sandbox import serving
from tests.support.waiting import wait_for

SECRET = "whsec_senders"
PLAN = make_plan(Random(1), 5, datetime(2026, 5, 13, 14, tzinfo=UTC), Recipe(pace=100))  # noqa: S311 - made-up calls


def test_every_event_is_sent_until_it_is_acknowledged() -> None:
    """An event is sent until it gets 202, and is recorded then."""
    tries: Counter[bytes] = Counter()

    async def take(request: Request) -> Response:
        raw = await request.body()
        now = datetime.now(UTC).timestamp()
        verify_signature(request.headers.get(SIGNATURE_HEADER), raw, [SECRET], now, 300)
        tries[raw] += 1
        return Response(status_code={1: 503, 2: 401}.get(tries[raw], 202))

    with serving(Starlette(routes=[Route(PATH, take, methods=["POST"])])) as url:
        senders = Senders(url, SECRET)
        senders.start(PLAN)
        wait_for(lambda: senders.is_done, bool, "all is sent")
    sent = {event.delivery.body for one in PLAN for event in one.events}
    assert {event.raw for event in senders.acknowledged} == sent == set(tries)
    assert min(tries.values()) >= 3
    assert senders.refused() == 2 * len(sent)
    assert senders.unsent == []
