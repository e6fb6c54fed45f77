"""Tests for reading the name of an event."""

import pytest

from bridge.domain.call import Kind
from bridge.wavv.names import event_kind, is_incoming


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CallStarted", Kind.STARTED),
        ("call.started", Kind.STARTED),
        ("CALL_STARTED", Kind.STARTED),
        ("ON_CALL_STARTED", Kind.STARTED),
        ("onCallStarted", Kind.STARTED),
        ("callStarted", Kind.STARTED),
        (" call started ", Kind.STARTED),
        ("call.incoming", Kind.STARTED),
        ("CallIncoming", Kind.STARTED),
        ("CallEnded", Kind.ENDED),
        ("call.ended", Kind.ENDED),
        ("call-ended", Kind.ENDED),
        ("call.recorded", Kind.RECORDED),
        ("wavv_trigger_call_recorded", Kind.RECORDED),
        ("call.updated", None),
        ("calls.started", None),
        ("started", None),
        ("call.started.v2", None),
        ("callstartedé", None),
        ("on", None),
        ("", None),
        ("...", None),
    ],
)
def test_a_name_means_one_of_three_events_or_none(name: str, kind: Kind | None) -> None:
    """Case, separators and the prefixes ``on`` and ``wavvtrigger`` of a name do not count."""
    assert event_kind(name) is kind


@pytest.mark.parametrize(
    ("name", "inbound"), [("call.incoming", True), ("CALL_INCOMING", True), ("call.started", False)]
)
def test_an_incoming_call_is_known_by_its_name(name: str, inbound: bool) -> None:  # noqa: FBT001 - a table
    """``call.incoming``, in any spelling, is the start of an inbound call."""
    assert is_incoming(name) is inbound
