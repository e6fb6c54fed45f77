"""One run: a stage, a plan, a fault; then quiet, and the proof."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bridge.store.keys import Keys
from tests.chaos.evidence import Evidence, gather
from tests.chaos.fixture import Fault, Fixture
from tests.chaos.invariant import Breach, Kind, breaches, call_ids, repeated_submissions
from tests.chaos.plan import CALLS_PER_SECOND, make_plan
from tests.chaos.senders import Senders
from tests.chaos.stage import NAMESPACE, Stage, running_stage
from tests.chaos.wait_until_idle import wait_until_idle
from tests.chaos.waiting import good_calls_complete_in_time, waits
from tests.support.stack import WAVV_SECRET

ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class Result:
    """What a run has shown. ``recovered`` is in seconds; ``None`` = it did not become quiet."""

    fault: str
    calls: int
    seed: int
    directory: Path
    breaches: Sequence[Breach]
    broken: Sequence[str]
    noted: Sequence[str]
    recovered: float | None
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, doubled or stuck, and every promise was kept."""
        return not self.breaches and not self.broken and self.recovered is not None


def play(fault: Fault, calls: int, seed: int, directory: Path) -> Result:
    """Play a fault, and judge what is left. A run that breaks off has broken a promise."""
    begun = time.monotonic()
    try:
        return _play(fault, calls, seed, directory, begun)
    except Exception as error:  # noqa: BLE001 - whatever it was, the other faults are played
        broken = f"the run broke off: {type(error).__name__}: {error}"[:500]
        seconds = time.monotonic() - begun
        return Result(fault.name, calls, seed, directory, (), [broken], (), None, seconds)


def _play(fault: Fault, calls: int, seed: int, directory: Path, begun: float) -> Result:
    rng = Random(f"{seed} {fault.name}")  # noqa: S311 - chance that can be replayed
    pace = min(CALLS_PER_SECOND, calls / fault.least_span)
    plan = make_plan(rng, calls, datetime.now(UTC), replace(fault.recipe, pace=pace))
    with running_stage(directory, fault.needs) as stage:
        senders = Senders(stage.bridge.url, WAVV_SECRET)
        fixture = Fixture(stage, plan, senders, rng, calls / pace)
        senders.start(plan)
        fault.befall(fixture)
        over = time.monotonic()
        quiet = wait_until_idle(stage.bridge, senders, calls, fault.within)
        fault.afterwards(fixture)
        seen = _evidence(stage, senders)
    last = max([over, *(event.at for event in senders.acknowledged)])
    found = _excused(fixture, breaches(plan, seen), seen)
    if fault.keeps_answers:
        found.extend(repeated_submissions(plan, seen))
    if fault.bounds_waiting:
        epoch = time.time() - time.monotonic()
        found.extend(good_calls_complete_in_time(plan, seen, over, epoch))
        slowest = max(waits(plan, seen, over, epoch).values(), default=0.0)
        fixture.noted.append(f"the slowest good call completed {slowest:.1f} s after it was due")
    if quiet is None:
        fixture.broken.append(f"not quiet, and nothing came on for {fault.within:g} s")
    return Result(
        fault.name,
        calls,
        seed,
        directory,
        found,
        fixture.broken,
        [*fixture.noted, *_told(stage, senders)],
        None if quiet is None else max(0.0, quiet - last),
        time.monotonic() - begun,
    )


def _evidence(stage: Stage, senders: Senders) -> Evidence:
    journal = stage.sandbox.journal()
    sent = (senders.acknowledged, senders.unsent)
    return gather(stage.bridge, journal, stage.redis, Keys(NAMESPACE), sent)


def _excused(fixture: Fixture, found: list[Breach], seen: Evidence) -> list[Breach]:
    """Return what no documented window excuses; tell of the rest."""
    excused = {
        call_id
        for call_id, at in _acknowledgements(fixture, seen)
        for begun, ended in fixture.losses_excused_from
        if begun <= at <= ended
    }
    left = [one for one in found if one.kind is not Kind.LOST or one.call_id not in excused]
    if fixture.losses_excused_from:
        fixture.noted.append(f"{len(found) - len(left)} losses within the documented window")
    return left


def _acknowledgements(fixture: Fixture, seen: Evidence) -> Iterator[tuple[str, float]]:
    """Yield of each acknowledged event, WAVV's and AskElephant's, the call, and when it was."""
    yield from ((event.call_id, event.at) for event in seen.acknowledged)
    calls, since = call_ids(fixture.plan), time.time() - time.monotonic()
    for tried in seen.journal["deliveries"]:
        if tried["status"] == ACCEPTED:
            at = datetime.fromisoformat(tried["answered_at"]).timestamp()
            yield calls.get(tried["external_id"], ""), at - since


def _told(stage: Stage, senders: Senders) -> list[str]:
    told = [f"{len(senders.answers)} deliveries, {senders.refused()} of them not acknowledged"]
    told.append(f"slowest answer {senders.slowest():.1f} s")
    if stage.restarter.restarted:
        told.append(f"ended by themselves: {', '.join(stage.restarter.restarted)}")
    return told
