"""How much of the hardware's work is of use: cycles against their lower bound, logic against synapses added."""

from __future__ import annotations

import numpy as np

from spikeloom import golden
from spikeloom.code import Ints
from spikeloom.cycles.work import Work
from spikeloom.plan import Plan


def works(plan: Plan, words: Ints) -> dict[str, Work]:
    trace = golden.trace(plan.graph, words)
    return {stage.name: Work(stage, trace[stage.layer.source]) for stage in plan.stages}


def lut_per_useful(plan: Plan, words: Ints, interval: float, lut: int) -> float:
    """LUTs per synapse that adds its weight, per cycle, at an interval in cycles. Synapses of an image layer count once per set bit."""
    useful = sum(float(work.synaptic.mean()) for work in works(plan, words).values())
    return lut * interval / useful


def slowest_against_bound(plan: Plan, words: Ints) -> float:
    """Busy cycles of the slowest event layer by the least there could be: spikes times folds by lanes. NaN without such a layer."""
    found = [(0.0, float("nan"))]
    for work in works(plan, words).values():
        stage = work.stage
        if stage.folding.body == "event":
            busy = float(np.mean([sum(cost for cost, _, _ in work.image(k)) for k in range(len(work.words))]))
            at_once = stage.lanes * stage.folding.windows * stage.folding.elements
            found.append((busy, busy * at_once / float(work.synaptic.mean())))
    return max(found)[1]
