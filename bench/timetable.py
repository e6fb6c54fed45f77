"""The timetable of steady traffic: calls overlap, and recorded events have a constant rate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from random import Random

from bench import payloads

SHORTEST, LONGEST = 0.02, 0.1
"""The shortest and longest time between two events of a call, as fractions of the whole time."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Requests in the order of sending, each with its time in seconds from the start of the load.

    ``due`` holds the time of each request. ``recorded`` holds the time of each call's recorded
    event, by call id.
    """

    frames: Sequence[bytes]
    due: Sequence[float]
    recorded: Mapping[str, float]


def timetable(rate: float, seconds: float, seed: int) -> Timetable:
    """Create the timetable of ``rate`` calls a second, each with a started, ended, recorded event.

    The recorded events are evenly spaced, so that the offered rate is constant from the first to
    the last recorded event. The times between the events of a call are random.
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
