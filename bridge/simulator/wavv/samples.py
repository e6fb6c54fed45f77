"""Creates made-up calls for the demo, the tests and ``bridge send``.

The same seed and time make the same call. The people are fictitious: addresses are at example.com
(RFC 2606), and phone numbers end in 555-01xx, a range that is reserved for fiction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from bridge.domain.call import Kind

RECORDINGS = "https://recordings.wavv.example"
_FIRST_NAMES = ("Ada", "Ben", "Chidi", "Dana", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jun")
_LAST_NAMES = ("Alvarez", "Brandt", "Chen", "Diallo", "Evans", "Fischer", "Garcia", "Haddad")
_AREA_CODES = ("212", "303", "310", "415", "512", "617", "628", "702", "773", "917")
_AGENTS = ("usr_alice", "usr_bob", "usr_carol", "usr_dev")


@dataclass(frozen=True, slots=True)
class SampleCall:
    """A made-up call, from which events of each channel are created. Phones have ten digits."""

    call_id: str
    lead_id: str
    lead_name: str
    lead_email: str
    lead_phone: str
    agent_id: str
    caller_id: str
    campaign_id: str
    direction: str
    outcome: str
    started_at: datetime
    answered_at: datetime
    seconds: int
    recording_url: str

    @property
    def ended_at(self) -> datetime:
        """When the call ended."""
        return self.answered_at + timedelta(seconds=self.seconds)

    def sent_at(self, kind: Kind) -> datetime:
        """Return when WAVV sends an event of the call. The recorded event is 4 s after the end."""
        later = {Kind.STARTED: self.started_at, Kind.ENDED: self.ended_at}
        return later.get(kind, self.ended_at + timedelta(seconds=4))


def sample_call(rng: Random, started_at: datetime, behaviour: str = "") -> SampleCall:
    """Create a made-up call. Its id ends in ``~`` and ``behaviour``, by which the sandbox behaves.

    The recording's URL contains a signature, as WAVV's URLs do, to test that logs do not show it.
    """
    # A UUIDv7 (RFC 9562), the form of the ids in WAVV's sample events.
    milliseconds = int(started_at.timestamp() * 1000) & (2**48 - 1)
    low = (0b10 << 62) | rng.getrandbits(62)
    uuid = UUID(int=(milliseconds << 80) | (7 << 76) | (rng.getrandbits(12) << 64) | low)
    call_id = f"{uuid}~{behaviour}" if behaviour else str(uuid)
    first, last = rng.choice(_FIRST_NAMES), rng.choice(_LAST_NAMES)
    return SampleCall(
        call_id=call_id,
        lead_id=f"ct_{rng.getrandbits(40):010x}",
        lead_name=f"{first} {last}",
        lead_email=f"{first}.{last}@example.com".lower(),
        lead_phone=_phone(rng),
        agent_id=rng.choice(_AGENTS),
        caller_id=_phone(rng),
        campaign_id=f"cmp_{rng.randrange(1, 9):03}",
        direction=rng.choices(("outbound", "inbound"), (9, 1))[0],
        outcome=rng.choice(("HUNG_UP", "USER_HUNG_UP", "CALLBACK")),
        started_at=started_at,
        answered_at=started_at + timedelta(seconds=rng.randrange(4, 25)),
        seconds=rng.randrange(35, 900),
        recording_url=f"{RECORDINGS}/{call_id.partition('~')[0]}.mp3?X-Expires=259200"
        f"&X-Signature={rng.getrandbits(128):032x}",
    )


def _phone(rng: Random) -> str:
    return f"{rng.choice(_AREA_CODES)}55501{rng.randrange(100):02}"
