"""Dead letters: events whose processing failed are shown, and can be processed again."""

import pytest

from bridge.domain.call import Kind, State
from bridge.pipeline import events
from tests.support.bridge_with_api import Operated
from tests.support.in_process_bridge import break_on, event_body
from tests.support.web_process import problem_in

PATH = "/api/events/set-aside"


def test_a_dead_letter_is_shown_whole_and_processed_again(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead letter is shown with its error, and is back in the inbox after one request."""
    bridge, web = operated.bridge, operated.http
    call = bridge.dial()
    (entry,) = bridge.receive(call, Kind.ENDED)
    with monkeypatch.context() as broken:
        break_on(broken, call.call_id)
        for _ in range(events.TRIES):
            bridge.drain()
            bridge.age(entry)
    (shown,) = web.get(PATH).json()
    assert (shown["entry"], shown["source"]) == (entry, "wavv")
    assert shown["error"] == "ZeroDivisionError: a bug of ours"
    assert shown["raw"] == event_body(call, Kind.ENDED).decode()

    assert web.post(f"{PATH}/{shown['id']}/retry").status_code == 202
    assert web.get(PATH).json() == []
    bridge.drain()
    assert bridge.call(call).state is State.ENDED
    problem_in(web.post(f"{PATH}/{shown['id']}/retry"), 404, "not_found")


@pytest.mark.parametrize("unknown", ["0-0", "1-1", "nonsense", "-", "18446744073709551616-0"])
def test_an_unknown_dead_letter_gets_404(operated: Operated, unknown: str) -> None:
    """A request for a dead letter that does not exist gets 404, for any id."""
    problem_in(operated.http.post(f"{PATH}/{unknown}/retry"), 404, "not_found")


@pytest.mark.parametrize("limit", [0, 101, "many"])
def test_a_list_is_bounded(operated: Operated, limit: object) -> None:
    """The list of dead letters has a limit."""
    problem_in(operated.http.get(f"{PATH}?limit={limit}"), 422, "bad_parameter")
