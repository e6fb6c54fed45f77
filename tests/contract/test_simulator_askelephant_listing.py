"""The sandbox's list of engagements: pages, filters, order."""

import pytest

from tests.support.sandbox import Sandbox


def test_the_list_is_paged_in_order_without_gaps(sandbox: Sandbox) -> None:
    """The pages of the list contain each engagement once, in both orders."""
    ids = [sandbox.submit(f"call-{number}").json()["id"] for number in range(7)]
    sandbox.settled()
    for order in ("updated_at:asc", "updated_at:desc"):
        rows, query = [], {"limit": 3, "order_by": order}
        while True:
            body = sandbox.page(**query).json()
            rows += body["data"]
            if not body["has_more"]:
                break
            query["cursor"] = body["next_cursor"]
        assert sorted(row["id"] for row in rows) == sorted(ids)
        stamps = [row["updated_at"] for row in rows]
        assert stamps == sorted(stamps, reverse=order.endswith("desc"))


def test_the_list_is_filtered(sandbox: Sandbox) -> None:
    """Every documented filter works, and private engagements need their scope."""
    sandbox.submit("call~stuck", title="Stuck", start_at="2026-01-01T00:00:00Z")
    sandbox.submit("meeting", type="MEETING", title="A Meeting", is_private=True)
    sandbox.settled()
    expected = [
        ({"filter[processing_status][eq]": "PROCESSING"}, {"Stuck"}),
        ({"filter[processing_status][in]": "PENDING,COMPLETED"}, {"A Meeting"}),
        ({"filter[engagement_type][eq]": "CALL"}, {"Stuck"}),
        ({"filter[start_at][lt]": "2026-02-01T00:00:00Z"}, {"Stuck"}),
        ({"filter[start_at][gt]": "2026-01-01T00:00:00Z"}, {"A Meeting"}),
        ({"filter[start_at][lte]": "2026-01-01"}, {"Stuck"}),
        ({"filter[updated_at][gte]": "2026-01-01T00:00:00Z"}, {"Stuck", "A Meeting"}),
        ({"search": "meet"}, {"A Meeting"}),
        ({}, {"Stuck", "A Meeting"}),
    ]
    for query, titles in expected:
        assert {row["title"] for row in sandbox.page(**query).json()["data"]} == titles, query
    sandbox.control("keys", {"id": "sandbox", "scopes": ["engagements:read"]})
    assert [row["title"] for row in sandbox.page().json()["data"]] == ["Stuck"]


def test_a_checkpoint_finds_what_it_was_read_from(sandbox: Sandbox) -> None:
    """A filter ``gte`` by an engagement's own ``updated_at`` includes it."""
    engagement_id = sandbox.submit("a").json()["id"]
    sandbox.settled()
    seen = sandbox.read(engagement_id).json()["updated_at"]
    assert sandbox.page(**{"filter[updated_at][gte]": seen}).json()["data"]
    assert not sandbox.page(**{"filter[updated_at][gt]": seen}).json()["data"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "1000000000000"),
        ("limit", "many"),
        ("cursor", "garbage"),
        ("cursor", "e30="),
        ("order_by", "title:asc"),
        ("filter[external_id][eq]", "a"),
        ("filter[processing_status][gt]", "PENDING"),
        ("filter[updated_at][gt]", "yesterday"),
        ("filter", "x"),
    ],
)
def test_a_query_the_api_has_not_got_is_a_400(sandbox: Sandbox, name: str, value: str) -> None:
    """An unknown query gets 400; the list has no filter by external_id."""
    assert sandbox.page(**{name: value}).status_code == 400
