"""The list of calls: complete pages, filters, and rejected parameters."""

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from bridge.api.pages import SCANNED, Query, page
from bridge.domain.call import Call, Metadata, State, new_call
from bridge.store.lookup import Lookup, Place
from tests.support.stored_calls import BEGIN, keep, walk
from tests.support.web_process import Web, problem_in


@pytest.fixture
def calls(web: Web) -> list[str]:
    """Store 250 calls, ten of them at each time; return their ids from the newest on.

    At equal times the ids are in descending order, too.
    """
    ids = [f"call-{number:03}~é" for number in range(250)]
    for number, call_id in enumerate(ids):
        keep(web, call_id, after=number // 10 + 0.123456)
    return ids[::-1]


@pytest.mark.parametrize("limit", [1, 7, 50, 125, 200])
def test_all_pages_contain_each_call_once(web: Web, calls: list[str], limit: int) -> None:
    """All pages of any size contain each call once, newest first."""
    assert walk(web, limit=limit) == calls


def test_a_page_has_fifty_calls_by_default(web: Web, calls: list[str]) -> None:
    """A page has fifty calls by default, each with the fields of a list."""
    body = web.get("/api/calls").json()
    assert [call["call_id"] for call in body["data"]] == calls[:50]
    assert body["next_cursor"]


def test_new_calls_change_no_page(web: Web, calls: list[str]) -> None:
    """New calls during a walk are on no later page, because they are newer than every cursor."""
    seen, cursor = [], ""
    for number in range(5):
        body = web.get("/api/calls", limit=50, cursor=cursor).json()
        seen += [call["call_id"] for call in body["data"]]
        cursor = body["next_cursor"]
        keep(web, f"new-{number}", after=1000 + number)
    assert seen == calls


def test_calls_that_change_state_change_no_page(web: Web, calls: list[str]) -> None:
    """Calls that leave the state during a walk change no later page."""
    seen: list[str] = []
    cursor = ""
    for _ in range(5):
        body = web.get("/api/calls", limit=50, cursor=cursor, state="live").json()
        seen += [call["call_id"] for call in body["data"]]
        cursor = body["next_cursor"]
        for call in body["data"][::2]:
            web.services.calls.update(
                call["call_id"], lambda c: c.but(state=State.ENDED) if c else c
            )
    assert seen == calls


def test_an_empty_bridge_has_an_empty_page(web: Web) -> None:
    """An empty bridge has one empty page and no next page."""
    assert web.get("/api/calls").json() == {"data": [], "next_cursor": None}


def test_the_last_page_has_no_cursor(web: Web) -> None:
    """The last page has no cursor."""
    keep(web, "a")
    keep(web, "b", after=1)
    assert walk(web, limit=1) == ["b", "a"]


@pytest.mark.parametrize("state", list(State))
def test_a_state_shows_its_calls_only(web: Web, state: State) -> None:
    """A filter by state shows the calls of this state only."""
    for other in State:
        keep(web, f"call-{other}", state=other)
    assert walk(web, state=state.value) == [f"call-{state}"]


@pytest.mark.parametrize(
    "q",
    ["all-1~x", "CALL-1", "ada", "LOVELACE", "+1415555", "ada@example.com", "crm-7", "usr_alice",
     "ngmt_1", "wavv://call/1", "missing_owner", "Ünï"],
)  # fmt: skip
def test_a_search_finds_any_part_of_what_one_may_know(web: Web, q: str) -> None:
    """A search finds parts of ids, names, numbers, links and reasons, in any case."""
    metadata = Metadata(
        lead_name="Ada LoveLace ünï", lead_email="ada@example.com", lead_phone="+14155550100",
        lead_id="crm-7", agent_id="usr_alice",
    )  # fmt: skip
    keep(web, "call-1~x", metadata=metadata, engagement_id="ngmt_1", reason="missing_owner",
         external_url="wavv://call/1")  # fmt: skip
    keep(web, "other-2", after=1)
    assert walk(web, q=q) == ["call-1~x"]


@pytest.mark.parametrize(
    "q",
    ["(415) 555-0111", "415-555-0111", "415.555.0111", "415/555 0111", "+14155550111",
     " 14155550111", "1 415 555 0111", "+1 (415) 555-0111", "00 1 415 555 0111", "0415 555 0111",
     "\uff15\uff15\uff15-\uff10\uff11\uff11\uff11", "555-01"],
)  # fmt: skip
def test_a_search_finds_a_phone_number_as_people_write_it(web: Web, q: str) -> None:
    """A search for a phone number compares digits, of lead and agent."""
    keep(web, "lead", metadata=Metadata(lead_phone="+14155550111"))
    keep(web, "agent", after=1, metadata=Metadata(agent_phone="(415) 555-0111 "))
    keep(web, "other", after=2, metadata=Metadata(lead_phone="+14155550112 1", lead_name="415"))
    keep(web, "none", after=3, engagement_id="ngmt_4")
    found = walk(web, q=q)
    assert found == (["other", "agent", "lead"] if q == "555-01" else ["agent", "lead"])


COMPOSED, DECOMPOSED = "Jos\u00e9", "Jose\u0301"


@pytest.mark.parametrize(
    "q",
    [COMPOSED, DECOMPOSED, "JOS\u00c9", "JOSE\u0301 GARCIA", f"  {DECOMPOSED} ", "\u00e9  ga",
     "\uff2a\uff4f\uff53\u00e9"],
)  # fmt: skip
def test_a_search_finds_a_name_in_any_form(web: Web, q: str) -> None:
    """A search for a name ignores Unicode form, case, width and repeated blanks."""
    names = [f"{COMPOSED} Garcia", f"{DECOMPOSED}  Garcia", "Jose Garcia"]
    for second, name in enumerate(names):
        keep(web, f"call-{second}", after=second, metadata=Metadata(lead_name=name))
    assert walk(web, q=q) == ["call-1", "call-0"]


@pytest.mark.parametrize("q", ["()", "+", "--", "12", "0"])
def test_a_search_without_a_number_is_of_text(web: Web, q: str) -> None:
    """A search with fewer than three digits compares text."""
    keep(web, "call-a", metadata=Metadata(lead_phone="+14155550111"))
    keep(web, f"call-{q}", after=1)
    expected = [f"call-{q}"] + (["call-a"] if q in {"+", "0"} else [])
    assert walk(web, q=q) == expected


def test_a_search_fills_its_pages(web: Web, calls: list[str]) -> None:
    """A search fills each page with matches."""
    found = [call_id for call_id in calls if "5" in call_id]
    assert walk(web, q="5", limit=10) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"since": "2026-05-13T14:00:02Z"}, ["d", "c"]),
        ({"until": "2026-05-13T14:00:02Z"}, ["b", "a"]),
        ({"since": "2026-05-13T14:00:01Z", "until": "2026-05-13T14:00:03Z"}, ["c", "b"]),
        ({"since": "2026-05-13T14:00:02"}, ["d", "c"]),
        ({"since": "2026-05-13T16:00:02+02:00"}, ["d", "c"]),
        ({"since": "1778680802"}, ["d", "c"]),
        ({"since": "2026-05-14"}, []),
        ({"until": "2026-05-13"}, []),
        ({"since": "0001-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"}, ["d", "c", "b", "a"]),
        ({"since": "2026-05-13T14:00:03Z", "until": "2026-05-13T14:00:01Z"}, []),
    ],
)
def test_times_bound_the_list(web: Web, query: dict[str, str], found: list[str]) -> None:
    """``since`` is included and ``until`` is excluded; times without an offset are UTC."""
    for second, call_id in enumerate("abcd"):
        keep(web, call_id, after=second)
    assert walk(web, **query) == found
    assert walk(web, limit=1, **query) == found


def test_filters_combine(web: Web) -> None:
    """State, search and times restrict the list all at once."""
    for second, state in enumerate([State.FAILED, State.LIVE, State.FAILED]):
        keep(web, f"call-{second}", after=second, state=state)
    assert walk(web, state="failed", q="call", since="2026-05-13T14:00:01Z") == ["call-2"]


def test_empty_parameters_are_none(web: Web) -> None:
    """Empty parameters, as forms send them, are ignored."""
    keep(web, "a")
    names = ("state", "q", "since", "until", "cursor", "limit")
    response = web.get("/api/calls", **dict.fromkeys(names, ""))
    assert [call["call_id"] for call in response.json()["data"]] == ["a"]


def coded(text: str) -> str:
    """Return a cursor in the bridge's form."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["garbage!", "%%%", "é", "AAAA", "a", coded("soon a"), coded("nan a"), coded("inf a"),
     coded("-inf "), coded("1e999 a"), coded("a 1.0"), "_w"],
)  # fmt: skip
def test_a_foreign_cursor_gets_400(web: Web, cursor: str) -> None:
    """A foreign cursor gets 400, not an empty page or the first one."""
    keep(web, "a")
    response = web.get("/api/calls", cursor=cursor)
    assert "next_cursor of an earlier page" in problem_in(response, 400, "bad_request")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"), ("limit", "-1"), ("limit", "201"), ("limit", "many"), ("limit", "1e3"),
        ("state", "unknown"), ("state", "LIVE"), ("since", "yesterday"), ("until", "2026-13-01"),
        ("since", "1e400"), ("q", "x" * 201), ("cursor", "x" * 501),
    ],
)  # fmt: skip
def test_a_bad_parameter_gets_422(web: Web, name: str, value: str) -> None:
    """A bad parameter gets 422, which names it and does not repeat a long value."""
    response = web.get("/api/calls", **{name: value})
    assert problem_in(response, 422, "bad_parameter").startswith(f"{name}: ")
    assert "x" * 201 not in response.text


class ManyCalls(Lookup):
    """A lookup with more calls than a search examines for one page; the last one matches."""

    def __init__(self) -> None:
        """Set no attributes: this lookup needs no Redis."""

    def newest(
        self,
        state: State | None,
        until: Place | None,
        since: datetime | None,
        *,
        has_extras: bool = False,
    ) -> Iterator[tuple[Place, Call]]:
        """Yield calls, newest first."""
        assert (state, since, has_extras) == (None, None, False)
        begin = 0 if until is None else int(BEGIN.timestamp() - until.at) + 1
        for number in range(begin, SCANNED + 2):
            at = BEGIN - timedelta(seconds=number)
            call = new_call("needle" if number == SCANNED + 1 else "hay", at)
            yield Place(at.timestamp(), call.call_id), call


def test_a_page_of_a_search_is_bounded() -> None:
    """A page of a search is bounded, and its cursor continues where it stopped."""
    first = page(ManyCalls(), Query(q="needle"), None, 50)
    assert first.calls == []
    assert first.next_cursor is not None
    second = page(ManyCalls(), Query(q="needle"), first.next_cursor, 50)
    assert [call.call_id for call in second.calls] == ["needle"]
    assert second.next_cursor is None
