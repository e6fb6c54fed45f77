"""Tests for the mapping of a call to the engagement request."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.call import Call
from bridge.domain.emails import one_email
from bridge.domain.engagement import EngagementRequest
from bridge.domain.mapping import Mapped, Mapper, Unsubmittable, engagement_request
from bridge.domain.participants import Agent, People, droppable
from tests.support.domain import AT, RECORDING, recorded_call

ALICE = Agent("Alice Smith", "alice@example.com", "+12125550100")
BOB = Agent("Bob Jones", None, "+12125550101")
SHARED_LINE = "+12125550150"
MAPPER = Mapper(agents={"u-1": ALICE}, lines={"+12125550199": BOB, SHARED_LINE: None})
LEAD: dict[str, Any] = {
    "lead_name": "Jane Doe",
    "lead_email": "jane@customer.example",
    "lead_phone": "+14155550100",
}


def request(call: Call, mapper: Mapper = MAPPER) -> EngagementRequest:
    """Return the request for a call that can be submitted."""
    mapped = engagement_request(call, mapper)
    assert isinstance(mapped, Mapped)
    return mapped.request


def people(call: Call) -> list[dict[str, Any]]:
    """Return the participants of the request as JSON objects."""
    return [person.model_dump(exclude_none=True) for person in request(call).participants]


def test_a_call_becomes_an_engagement_of_wavv() -> None:
    """The request carries type, source, title, ids, media and start as AskElephant documents."""
    made = request(recorded_call(**LEAD, started_at=AT))
    assert made.model_dump(exclude={"participants"}, exclude_none=True) == {
        "type": "CALL",
        "source_system": "wavv",
        "title": "Call with Jane Doe",
        "external_id": "wavv-call-c-1",
        "external_url": "wavv://call/c-1",
        "media_url": RECORDING,
        "run_workflows": True,
        "start_at": AT,
    }


@pytest.mark.parametrize(
    ("template", "metadata", "url"),
    [
        ("wavv://call/{call_id}", {}, "wavv://call/a%2Fb%20c%3Fd%23%C3%A9"),
        (
            "https://crm.example.com/{contact_id}",
            {"lead_id": "x/1"},
            "https://crm.example.com/x%2F1",
        ),
        ("https://crm.example.com/{contact_id}", {}, "https://crm.example.com/"),
        ("wavv://{{{call_id}}}", {}, "wavv://{a%2Fb%20c%3Fd%23%C3%A9}"),
        (
            "wavv://call/{call_id}",
            {"call_url": "https://d.example.com/1"},
            "https://d.example.com/1",
        ),
    ],
)
def test_the_link_back_is_wavvs_call_page_else_the_operators_template(
    template: str, metadata: dict[str, Any], url: str
) -> None:
    """``external_url`` is WAVV's call page, else the template with a quoted call id."""
    call = recorded_call(**metadata).but(call_id="a/b c?d#é")
    assert request(call, Mapper(external_url_template=template)).external_url == url


def test_external_ids_of_an_earlier_request_are_kept() -> None:
    """A changed template or a late call page leaves the ids of an earlier request unchanged."""
    call = recorded_call(call_url="https://dialer.example.com/late").but(
        external_id="old-c-1", external_url="wavv://old/c-1"
    )
    changed = Mapper(external_id_template="new-{call_id}", external_url_template="new://{call_id}")
    made = request(call, changed)
    assert (made.external_id, made.external_url) == ("old-c-1", "wavv://old/c-1")


def test_the_operators_templates_make_the_ids() -> None:
    """``external_id`` and title come from the operator's templates, without URL quoting."""
    mapper = Mapper(external_id_template="acme/{call_id}", title_template="{call_id} of {{acme}}")
    made = request(recorded_call().but(call_id="a/b"), mapper)
    assert (made.external_id, made.title) == ("acme/a/b", "a/b of {acme}")


@pytest.mark.parametrize(
    ("metadata", "start_at"),
    [
        ({"started_at": AT, "answered_at": AT + timedelta(seconds=9)}, AT),
        ({"answered_at": AT + timedelta(seconds=9)}, AT + timedelta(seconds=9)),
        ({"ended_at": AT, "seconds": 60}, AT - timedelta(seconds=60)),
        ({"ended_at": AT - timedelta(hours=1)}, AT - timedelta(hours=1)),
        ({}, AT),
    ],
    ids=["started", "answered", "ended-and-long", "ended", "first-heard"],
)
def test_a_start_is_always_sent(metadata: dict[str, Any], start_at: object) -> None:
    """``start_at`` is always sent, because AskElephant's default is the time of the request."""
    assert request(recorded_call(**metadata)).start_at == start_at


@pytest.mark.parametrize("is_private", [None, True, False])
@pytest.mark.parametrize("run_workflows", [True, False])
def test_privacy_and_workflows_are_the_operators_choice(
    *, is_private: bool | None, run_workflows: bool
) -> None:
    """``is_private`` is true, false or left out, as the operator set it."""
    mapper = replace(MAPPER, is_private=is_private, run_workflows=run_workflows)
    body = request(recorded_call(), mapper).model_dump(exclude_none=True)
    assert body.get("is_private") is is_private
    assert body["run_workflows"] is run_workflows


@pytest.mark.parametrize(("transcript", "sent"), [("Hello.", "Hello."), ("", None), (None, None)])
def test_a_transcript_of_wavv_is_sent(transcript: str | None, sent: str | None) -> None:
    """WAVV's transcript is sent unless it is empty."""
    assert request(recorded_call(transcript=transcript)).transcript == sent


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
    mapped = engagement_request(recorded_call(**metadata), MAPPER)
    assert isinstance(mapped, Mapped)
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
    mapped = engagement_request(recorded_call(**metadata), MAPPER)
    assert isinstance(mapped, Mapped)
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
    ("call", "mapper", "reason", "fields"),
    [
        (recorded_call(recording_url=None), MAPPER, "media_url_not_https", ["media_url"]),
        (recorded_call(recording_url="http://x"), MAPPER, "media_url_not_https", ["media_url"]),
        (
            recorded_call(recording_url="https://10.0.0.1"),
            MAPPER,
            "media_url_private",
            ["media_url"],
        ),
        (recorded_call().but(call_id="x" * 500), MAPPER, "request_invalid", ["external_id"]),
        (recorded_call(transcript="é" * 475_001), MAPPER, "request_invalid", [""]),
        (recorded_call(transcript="x" * 900_001), MAPPER, "request_invalid", ["transcript"]),
        (
            recorded_call(recording_url="https://127.1"),
            Mapper(external_url_template="data:,"),
            "media_url_private",
            ["media_url", "external_url"],
        ),
        (
            recorded_call(),
            Mapper(external_url_template="javascript:{call_id}"),
            "external_url_blocked",
            ["external_url"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_invalid_request_is_not_made(
    call: Call, mapper: Mapper, reason: str, fields: list[str]
) -> None:
    """The mapping returns ``Unsubmittable`` with the reason and every wrong field."""
    refused = engagement_request(call, mapper)
    assert isinstance(refused, Unsubmittable)
    assert refused.reason == reason
    assert [error["field"] for error in refused.errors] == fields
    assert all(error["code"] and error["message"] for error in refused.errors)
    assert call.metadata.recording_url is None or call.metadata.recording_url not in str(refused)


@pytest.mark.parametrize(
    "page", ["/calls/1", "crm.example/calls/1", "javascript:alert(1)", "Call: Jane", "data:,"]
)
def test_a_call_page_that_is_no_link_gives_way_to_the_template(page: str) -> None:
    """An unusable call page is replaced by the template and noted once."""
    call = recorded_call(call_url=page, agent_id="u-1")
    mapped = engagement_request(call, MAPPER)
    assert isinstance(mapped, Mapped)
    assert (mapped.request.external_url, mapped.notes) == (
        "wavv://call/c-1",
        ("call_url_unusable",),
    )
    again = engagement_request(call.but(external_url="wavv://call/c-1"), MAPPER)
    assert isinstance(again, Mapped)
    assert again.notes == ()


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
    mapped = engagement_request(recorded_call(**metadata), MAPPER)
    assert isinstance(mapped, Mapped)
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
    mapped = engagement_request(recorded_call(agent_id="u-1"), mapper)
    assert isinstance(mapped, Mapped)
    assert [person.model_dump(exclude_none=True) for person in mapped.request.participants] == [
        {"name": "Alice"}
    ]


def sent_people(call: Call) -> People:
    """Return the participants of the request with their roles."""
    mapped = engagement_request(call, MAPPER)
    assert isinstance(mapped, Mapped)
    return mapped.people


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
    assert droppable(blamed, sent_people(recorded_call(**LEAD, agent_id="u-1"))) == fields


def test_a_field_that_was_not_sent_is_not_droppable() -> None:
    """A blamed field that was not sent is not droppable."""
    sent = sent_people(recorded_call(lead_phone="+14155550100"))
    assert droppable(("participants[0].phone",), sent) == ("lead_phone",)
    assert droppable(("participants[0].email",), sent) == ()
