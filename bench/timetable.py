"""When each event of steady traffic is sent: calls overlap, and as many end in each second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from random import Random

from bench import payloads

SHORTEST, LONGEST = 0.02, 0.1
"""Between two events of a call, of the whole time. Real calls take longer, at the same rates."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Requests in the order in which they leave. Times are seconds from the load's beginning.

    ``due`` has the time of each request, ``recorded`` that of each call's last one, by call id.
    """

    frames: Sequence[bytes]
    due: Sequence[float]
    recorded: Mapping[str, float]


def timetable(rate: float, seconds: float, seed: int) -> Timetable:
    """Return the events of ``rate`` calls a second: started, ended and recorded, some time apart.

    The recorded events are evenly spaced, so that the offered rate is the same from the first of
    them to the last. The events before them lie at random distances.
    """
    rng, count = Random(seed), max(2, round(rate * seconds))
    requests = iter(payloads.requests(count, seed))
    timed: list[tuple[float, bytes]] = []
    recorded: dict[str, float] = {}
    for number, call in enumerate(payloads.calls(count, seed)):
        talk, upload = (seconds * rng.uniform(SHORTEST, LONGEST) for _ in range(2))
        last = 2 * LONGEST * seconds + number / rate
        recorded[call.call_id] = last
        timed += zip((last - upload - talk, last - upload, last), requests, strict=False)
    timed.sort(key=itemgetter(0))
    return Timetable([frame for _, frame in timed], [at for at, _ in timed], recorded)
