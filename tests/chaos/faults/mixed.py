"""Many faults in one run, one after the other."""

from collections.abc import Sequence
from dataclasses import replace

from tests.chaos.scene import Fault, Scene
from tests.chaos.stage import Needs

CHOSEN = 8
LEAST_SPAN = 60.0
"""Seconds: so that each fault meets new calls."""


def mixed(faults: Sequence[Fault]) -> Fault:
    """Return a fault that plays a random choice of ``faults``, one after the other."""

    def befall(scene: Scene) -> None:
        chosen = scene.rng.sample(faults, min(CHOSEN, len(faults)))
        scene.noted.append(", ".join(fault.name for fault in chosen))
        for fault in chosen:
            part = scene.span / len(chosen)
            fault.befall(replace(scene, span=part, is_alone=False))

    needs = Needs(store_link=True, elephant_link=True, beats=2)
    return Fault(
        "mixed", "eight of these, one after the other", befall, needs, least_span=LEAST_SPAN
    )
