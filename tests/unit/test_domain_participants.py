"""Tests for the participants of an engagement: owner, lead and omitted fields."""

from typing import Any

import pytest

from bridge.domain.call import Call
from bridge.domain.emails import one_email
from bridge.domain.mapping import Mapper
from bridge.domain.participants import Agent, droppable
from tests.support.domain import recorded_call
from tests.support.mapping import LEAD, SHARED_LINE, map_call, request


def people(call: Call) -> list[dict[str, Any]]:
    """Return the participants of the request as JSON objects."""
    return [person.model_dump(exclude_none=True) for person in request(call).participants]


OWNER = {"is_owner": True}


AS_SENT = {"name": "Alice Smith", "email": "alice@example.com", "phone": "+12125550100"} | OWNER


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({"agent_id": "u-1"}, AS_SENT),
        ({"agent_id": "u-1", "agent_email": "other@example.com"}, AS_SENT),
        ({"agent_id": "u-1", "agent_phone": "+12125550199"}, AS_SENT),
        (
            {"agent_phone": "+12125550199"},
            {"name": "Bob Jones", "phone": "+12125550101"} | OWNER,
        ),
        (
            {"agent_name": "Eve", "agent_email": "eve@example.com"},
            {"name": "Eve", "email": "eve@example.com"} | OWNER,
        ),
        ({"agent_email": "eve@example.com"}, {"email": "eve@example.com"} | OWNER),
        (
            {"agent_email": "eve@example.com", "agent_phone": "+12125550199"},
            {"email": "eve@example.com"} | OWNER,
        ),
        (
            {"agent_id": "u-9", "agent_email": "Eve <eve@example.com>"},
            {"email": "eve@example.com"} | OWNER,
        ),
    ],
    ids=[
        "by-id",
        "before-email",
        "id-before-line",
        "by-line",
        "by-email",
        "email-alone",
        "email-before-line",
        "unknown-id-with-email",
    ],
)
def test_the_agent_owns_the_engagement_when_askelephant_can_know_them(
    metadata: dict[str, Any], owner: dict[str, Any]
) -> None:
    """The owner is the agent from the directory, else the agent with the e-mail from WAVV."""
    assert people(recorded_call(**metadata)) == [owner]
    mapped = map_call(recorded_call(**metadata))
    assert mapped.notes == ()


@pytest.mark.parametrize(
    ("metadata", "sent", "notes"),
    [
        ({}, [], ("agent_unmapped",)),
        ({"agent_id": "u-9"}, [], ("agent_unmapped",)),
        ({"agent_phone": "+12125550777"}, [], ("agent_unmapped",)),
        ({"agent_name": "Eve"}, [{"name": "Eve"}], ("agent_unmapped",)),
        ({"agent_id": "u-9", "agent_phone": "+12125550199"}, [], ("agent_unmapped",)),
        ({"agent_id": "+12125550199"}, [], ("agent_unmapped",)),
        ({"agent_phone": "u-1"}, [], ("agent_unmapped",)),
        ({"agent_phone": SHARED_LINE}, [], ("agent_line_shared",)),
        ({"agent_email": "n/a"}, [], ("agent_unmapped", "agent_email_left_out")),
    ],
    ids=[
        "no-agent",
        "unknown-id",
        "bare-line",
        "name-alone",
        "unknown-id-with-known-line",
        "line-as-id",
        "id-as-line",
        "shared-line",
        "no-email",
    ],
)
def test_without_a_known_agent_the_engagement_has_no_owner(
    metadata: dict[str, Any], sent: list[dict[str, Any]], notes: tuple[str, ...]
) -> None:
    """An agent without a known e-mail is not marked as owner, and a note is kept."""
    assert people(recorded_call(**metadata)) == sent
    mapped = map_call(recorded_call(**metadata))
    assert mapped.notes == notes


def test_an_owner_who_was_refused_is_not_marked_again() -> None:
    """A refused owner is sent as a participant without the owner mark."""
    metadata = {"agent_name": "Eve", "agent_email": "eve@example.com"}
    call = recorded_call(**metadata).but(owner_refused=True)
    assert people(call) == [{"name": "Eve", "email": "eve@example.com"}]
    assert people(recorded_call(agent_id="u-1").but(owner_refused=True)) == []


LEAD_SENT = {"name": "Jane Doe", "email": "jane@customer.example", "phone": "+14155550100"}


@pytest.mark.parametrize(
    ("metadata", "lead"),
    [
        (LEAD, LEAD_SENT),
        (LEAD | {"lead_email": "Jane <jane@customer.example>"}, LEAD_SENT),
        ({"lead_name": "Jane Doe"}, {"name": "Jane Doe"}),
    ],
)
def test_the_lead_follows_the_agent(metadata: dict[str, Any], lead: dict[str, Any]) -> None:
    """The lead is sent after the agent, with the fields that are known."""
    assert people(recorded_call(**metadata)) == [lead]
    assert people(recorded_call(**metadata, agent_id="u-1")) == [AS_SENT, lead]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("lead_email", text) for text in [
            "n/a", "none", "a@x.com; b@x.com", "a@x.com,b@x.com", "a@x", "@x.com", "a@x.com.",
            "a@.com", "a..b@x.com", "a b@x.com", "Dana <d@x.com>; Bob <b@x.com>", "<>", "Dana",
            "a@b@x.com", "a@-x.com", "a@1.2.3.4", "x" * 65 + "@x.com",
        ]),
        *(("lead_phone", text) for text in [
            "anonymous", "sip:jane@x", "4155550100", "+0155550100", "+1 415 555 0100", "+1415",
            "0000000000", "+1234567890123456", "+14155550100 ext 5", "+14155550100\n",
            "+10000000000", "+11234567890", "+14151550100", "+1415555010",
        ]),
    ],
)  # fmt: skip
def test_a_malformed_email_or_phone_is_left_out(field: str, value: str) -> None:
    """A lead's malformed e-mail or phone is left out and noted."""
    metadata = LEAD | {field: value, "agent_id": "u-1"}
    mapped = map_call(recorded_call(**metadata))
    _, lead = mapped.request.participants
    expected = {key: sent for key, sent in LEAD_SENT.items() if key != field.removeprefix("lead_")}
    assert lead.model_dump(exclude_none=True) == expected
    assert mapped.notes == (f"{field}_left_out",)


@pytest.mark.parametrize(
    ("written", "email"),
    [
        ("d@x.com", "d@x.com"),
        (" d@x.com ", "d@x.com"),
        ("Dana <d@x.com>", "d@x.com"),
        ('"Doe, Dana" <d.o-e+1@mail.x.co.uk>', "d.o-e+1@mail.x.co.uk"),
        ("<d@x.com>", "d@x.com"),
        ("MailTo:d@x.com", "d@x.com"),
        ("d@xn--bcher-kva.example", "d@xn--bcher-kva.example"),
        ("josé@bücher.example", "josé@bücher.example"),
        (None, None),
        ("", None),
    ],
)
def test_the_address_is_read_from_a_mailbox_text(written: str | None, email: str | None) -> None:
    """One address is read from the forms that mail programs and CRMs write."""
    assert one_email(written) == email


def test_an_agent_that_askelephant_cannot_know_is_not_marked_as_owner() -> None:
    """An agent whose only contact is a malformed phone is not marked as owner."""
    mapper = Mapper(agents={"u-1": Agent("Alice", None, "extension 12")})
    mapped = map_call(recorded_call(agent_id="u-1"), mapper)
    assert [person.model_dump(exclude_none=True) for person in mapped.request.participants] == [
        {"name": "Alice"}
    ]


@pytest.mark.parametrize(
    ("dropped", "sent"),
    [
        (("lead_email",), [AS_SENT, {"name": "Jane Doe", "phone": "+14155550100"}]),
        (("lead_email", "lead_name", "lead_phone"), [AS_SENT]),
        (("agent_phone",), [{k: v for k, v in AS_SENT.items() if k != "phone"}, LEAD_SENT]),
        (("agent_email", "agent_phone"), [{"name": "Alice Smith"}, LEAD_SENT]),
    ],
)
def test_rejected_fields_are_not_sent_again(
    dropped: tuple[str, ...], sent: list[dict[str, Any]]
) -> None:
    """Dropped fields are absent, and an agent without e-mail and phone is no owner."""
    assert people(recorded_call(**LEAD, agent_id="u-1").but(dropped=dropped)) == sent


@pytest.mark.parametrize(
    ("blamed", "fields"),
    [
        (("participants[1].email",), ("lead_email",)),
        (("participants.1.phone", "participants[1].name"), ("lead_name", "lead_phone")),
        (("participants[1]",), ("lead_email", "lead_phone")),
        (("participants[0].email",), ("agent_email",)),
        (("participants[1].email", "title"), ()),
        (("participants[2].email",), ()),
        (("participants[1].is_owner",), ()),
        (("participants",), ()),
        ((), ()),
    ],
)
def test_fields_are_left_out_if_nothing_else_is_blamed(
    blamed: tuple[str, ...], fields: tuple[str, ...]
) -> None:
    """Fields are droppable only if the error blames nothing but participants' fields."""
    assert droppable(blamed, map_call(recorded_call(**LEAD, agent_id="u-1")).people) == fields


def test_a_field_that_was_not_sent_is_not_droppable() -> None:
    """A blamed field that was not sent is not droppable."""
    sent = map_call(recorded_call(lead_phone="+14155550100")).people
    assert droppable(("participants[0].phone",), sent) == ("lead_phone",)
    assert droppable(("participants[0].email",), sent) == ()
