"""Prepares WAVV's v3 events as signed requests before a measurement.

The same seed makes the same calls, so that each implementation receives the same events.
"""

import struct
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from bench.messages import request
from bench.settings import WAVV_SECRET
from bridge.simulator.wavv.channels import deliveries
from bridge.simulator.wavv.delivery import PATH
from bridge.simulator.wavv.samples import SampleCall, sample_call
from bridge.wavv.signature import SIGNATURE_HEADER, sign

BEGUN = timedelta(minutes=20)
_SIZE = struct.Struct("<I")


def calls(count: int, seed: int) -> Iterator[SampleCall]:
    """Yield ``count`` made-up calls. Different seeds make different calls."""
    rng = Random(seed)
    begun = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=seed)
    for number in range(count):
        yield sample_call(rng, begun + timedelta(milliseconds=number))


def bodies(count: int, seed: int) -> Iterator[bytes]:
    """Yield the bodies of the events of ``count`` calls, three for each call."""
    for call in calls(count, seed):
        yield from (one.body for one in deliveries(call))


def requests(count: int, seed: int) -> Iterator[bytes]:
    """Yield the events of ``count`` calls as HTTP requests, signed with the present time."""
    now = time.time()
    for body in bodies(count, seed):
        proof = sign(body, WAVV_SECRET, now)
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: proof}
        yield request("POST", PATH, headers, body)


def write(path: Path, frames: Iterable[bytes]) -> Path:
    """Write requests to a file for the load generator, each after its length. Return the path."""
    with path.open("wb") as file:
        for frame in frames:
            file.write(_SIZE.pack(len(frame)) + frame)
    return path


def read(path: Path) -> list[bytes]:
    """Read the requests from a file of ``write``."""
    data, frames, at = path.read_bytes(), [], 0
    while at < len(data):
        (size,) = _SIZE.unpack_from(data, at)
        at += _SIZE.size
        frames.append(data[at : at + size])
        at += size
    return frames
