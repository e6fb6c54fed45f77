"""Tests for reading the recording's link: only links that AskElephant can fetch."""

import pytest

from bridge.wavv.read import UNREADABLE, Read
from bridge.wavv.recordings import is_fetchable, link
from tests.support.wavv_events import heard, short

A, B = "https://r.example/a.mp3?s=1", "https://r.example/b.mp3"
PRIVATE = "https://10.0.0.1/a.mp3"
UNUSABLE = Read(None, "unusable")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (A, Read(A)),
        ("https://r.example/a b.mp3", Read("https://r.example/a%20b.mp3")),
        ("http://r.example/a.mp3", UNUSABLE),
        ("/recordings/1.mp3", UNUSABLE),
        ("//r.example/1.mp3", UNUSABLE),
        ("https://", UNUSABLE),
        ("https:// r.example/1.mp3", UNUSABLE),
        ("https://r.example/undefined", UNUSABLE),
        ("https://r.example/null.mp3", UNUSABLE),
        ("https://r.example/{{call.id}}.mp3", UNUSABLE),
        ("{{call.recording}}", UNUSABLE),
        ("5", UNUSABLE),
        (PRIVATE, UNUSABLE),
        ("https://localhost:8443/a.mp3", UNUSABLE),
        ("https://files.internal/a.mp3", UNUSABLE),
        ("https://[::1]/a.mp3", UNUSABLE),
        (f"{PRIVATE}\n{B}", Read(B, "cut")),
        (True, Read(None)),
        ("yes", Read(None)),
        ("\x00", Read(None)),
    ],
    ids=short,
)
def test_a_link_is_public_https(value: object, read: Read) -> None:
    """A link is read if it is public HTTPS; a flag under its key is missing, not a flaw."""
    assert link(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ([A], Read(A)),
        ([{"url": A}], Read(A)),
        ({"url": A}, Read(A)),
        ({"id": "rec_1", "duration": 95, "downloadUrl": A}, Read(A)),
        ({"file": {"href": A}}, Read(A)),
        ({"url": PRIVATE, "Download-URL": A}, Read(A)),
        ({"items": A}, UNREADABLE),
        ({"page": "https://crm.example/1"}, UNREADABLE),
        ([A, A, "", None], Read(A)),
        ([A, B], Read(A, "cut")),
        ([{"url": PRIVATE}, {"url": B}], Read(B, "cut")),
        ([{"url": PRIVATE}], UNUSABLE),
        ([None, {}], Read(None)),
        ([], Read(None)),
        ({}, Read(None)),
        ([{"id": "rec_1"}], UNREADABLE),
        ([None] * 20 + [A], Read(None)),
        (f'["{A}"]', Read(A)),
        (f'[{{"url": "{A}"}}]', Read(A)),
        (f'{{"url": "{A}"}}', Read(A)),
        (f'["{A}"', UNUSABLE),
        ("[" * 5000, UNUSABLE),
    ],
    ids=short,
)
def test_a_link_is_found_in_a_list_or_an_object(value: object, read: Read) -> None:
    """The first fetchable link of a list or object is read, and a flaw marks further links."""
    assert link(value) == read


@pytest.mark.parametrize("key", ["recordingUrl", "recording", "recordings", "callRecordings"])
def test_an_event_may_list_its_recordings(key: str) -> None:
    """A list of recordings is read like a single link."""
    event = heard({"event": "call.recorded", "id": "c", key: [{"url": A, "seconds": 95}]})
    assert (event.metadata.recording_url, event.notes) == (A, ())


@pytest.mark.parametrize(
    "value",
    [[A, B], f"{A}\n{B}", [{"url": A}, {"url": PRIVATE}, {"url": B}], [[A], [B, A]]],
    ids=short,
)
def test_further_recordings_of_an_event_are_other_links(value: object) -> None:
    """Further links of one list become ``other_links``, with a note."""
    event = heard({"event": "call.recorded", "id": "c", "recordingUrl": value})
    assert (event.metadata.recording_url, event.other_links) == (A, (B,))
    assert event.notes == ("recording_url_cut",)


def test_two_links_of_one_recording_are_no_two_recordings() -> None:
    """Two links in one object, or under two keys, are one recording."""
    described = {"event": "call.recorded", "id": "c", "recording": {"url": A, "downloadUrl": B}}
    assert heard(described).other_links == ()
    keys = {"event": "call.recorded", "id": "c", "recordingUrl": A, "downloadUrl": B}
    assert heard(keys).other_links == ()


def test_links_that_cannot_be_fetched_are_shown_to_the_operator() -> None:
    """Unusable links stand in the event's details and are not sent."""
    body = {"event": "call.recorded", "id": "c", "recordingUrl": [{"url": "(soon)"}, PRIVATE]}
    event = heard(body)
    assert event.metadata.recording_url is None
    assert event.notes == ("recording_url_unusable",)
    assert event.details["unusable"] == {"recording_url": PRIVATE}


@pytest.mark.parametrize(
    ("url", "fetchable"),
    [
        ("https://recordings.wavv.example/a.mp3?X-Signature=1", True),
        ("HTTPS://recordings.wavv.example/a.mp3", True),
        ("http://recordings.wavv.example/a.mp3", False),
        ("https://recordings.wavv.example:port/a.mp3", False),
        ("https://169.254.169.254/a.mp3", False),
        ("https://127.1/a.mp3", False),
        ("https:///a.mp3", False),
        ("https://", False),
        ("https://[", False),
        ("//recordings.wavv.example/a.mp3", False),
        ("javascript:alert(1)", False),
        ("5", False),
    ],
)
def test_a_fetchable_link_is_https_and_public(url: str, fetchable: bool) -> None:  # noqa: FBT001 - a table
    """A link is fetchable if it is HTTPS and its host is public."""
    assert is_fetchable(url) is fetchable
