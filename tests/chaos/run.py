"""One run: processes, a plan and a fault, then the wait until idle and the checks."""

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
from tests.chaos.stack import NAMESPACE, Stack, running_stack
from tests.chaos.wait_until_idle import wait_until_idle
from tests.chaos.waiting import good_calls_complete_in_time, waits
from tests.support.stack import WAVV_SECRET

ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run; ``recovered`` is in seconds, ``None`` if the bridge was never idle."""

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
        """Whether there is no breach, no failed check, and the bridge became idle."""
        return not self.breaches and not self.broken and self.recovered is not None


def run_fault(fault: Fault, calls: int, seed: int, directory: Path) -> Result:
    """Run a fault and check the result; a run that raises has a failed check."""
    begun = time.monotonic()
    try:
        return _run(fault, calls, seed, directory, begun)
    except Exception as error:  # noqa: BLE001 - the other faults run after any error
        broken = f"the run raised {type(error).__name__}: {error}"[:500]
        seconds = time.monotonic() - begun
        return Result(fault.name, calls, seed, directory, (), [broken], (), None, seconds)


def _run(fault: Fault, calls: int, seed: int, directory: Path, begun: float) -> Result:
    rng = Random(f"{seed} {fault.name}")  # noqa: S311 - a seed, so that a run can be repeated
    pace = min(CALLS_PER_SECOND, calls / fault.least_span)
    plan = make_plan(rng, calls, datetime.now(UTC), replace(fault.recipe, pace=pace))
    with running_stack(directory, fault.needs) as stack:
        senders = Senders(stack.bridge.url, WAVV_SECRET)
        fixture = Fixture(stack, plan, senders, rng, calls / pace)
        senders.start(plan)
        fault.inject(fixture)
        over = time.monotonic()
        idle = wait_until_idle(stack.bridge, senders, calls, fault.within)
        fault.afterwards(fixture)
        journal, sent = stack.sandbox.journal(), (senders.acknowledged, senders.unsent)
        seen = gather(stack.bridge, journal, stack.redis, Keys(NAMESPACE), sent)
    last = max([over, *(event.at for event in senders.acknowledged)])
    found = _excused(fixture, breaches(plan, seen), seen)
    if fault.keeps_responses:
        found.extend(repeated_submissions(plan, seen))
    if fault.bounds_waiting:
        epoch = time.time() - time.monotonic()
        found.extend(good_calls_complete_in_time(plan, seen, over, epoch))
        slowest = max(waits(plan, seen, over, epoch).values(), default=0.0)
        fixture.noted.append(f"the slowest good call completed {slowest:.1f} s after it was due")
    if idle is None:
        fixture.broken.append(f"not idle, and no call came to rest for {fault.within:g} s")
    return Result(
        fault.name,
        calls,
        seed,
        directory,
        found,
        fixture.broken,
        [*fixture.noted, *_facts(stack, senders)],
        None if idle is None else max(0.0, idle - last),
        time.monotonic() - begun,
    )


def _excused(fixture: Fixture, found: list[Breach], seen: Evidence) -> list[Breach]:
    """Return the breaches without losses in a documented window; note the others' number."""
    excused = {
        call_id
        for call_id, at in _acknowledgements(fixture, seen)
        for begun, ended in fixture.losses_excused_from
        if begun <= at <= ended
    }
    left = [each for each in found if each.kind is not Kind.LOST or each.call_id not in excused]
    if fixture.losses_excused_from:
        fixture.noted.append(f"{len(found) - len(left)} losses within the documented window")
    return left


def _acknowledgements(fixture: Fixture, seen: Evidence) -> Iterator[tuple[str, float]]:
    """Yield the call id and the time of each acknowledged event and webhook."""
    yield from ((event.call_id, event.at) for event in seen.acknowledged)
    calls, since = call_ids(fixture.plan), time.time() - time.monotonic()
    for tried in seen.journal["deliveries"]:
        if tried["status"] == ACCEPTED:
            at = datetime.fromisoformat(tried["answered_at"]).timestamp()
            yield calls.get(tried["external_id"], ""), at - since


def _facts(stack: Stack, senders: Senders) -> list[str]:
    """Return the facts about the deliveries and the processes for the report."""
    facts = [f"{len(senders.tries)} deliveries, {senders.refused()} of them not acknowledged"]
    facts.append(f"slowest response {senders.slowest():.1f} s")
    if stack.restarter.restarted:
        facts.append(f"ended by themselves: {', '.join(stack.restarter.restarted)}")
    return facts
