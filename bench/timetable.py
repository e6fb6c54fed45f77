"""The times of the events of steady traffic: calls overlap, and are recorded at an even rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from random import Random

from bench import payloads

SHORTEST, LONGEST = 0.02, 0.1
"""The time between two events of a call, as a share of the whole time."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Requests in the order in which they are sent. Times are seconds from the start of the load.

    ``due`` has the time of each request. ``recorded`` has the time of each call's last one, by id.
    """

    frames: Sequence[bytes]
    due: Sequence[float]
    recorded: Mapping[str, float]


def timetable(rate: float, seconds: float, seed: int) -> Timetable:
    """Return the events of ``rate`` calls a second: started, ended and recorded.

    The recorded events are evenly spaced, so that the offered rate is constant from the first of
    them to the last. The times between the events of a call are random.
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
