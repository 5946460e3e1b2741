"""How much of the hardware's work is of use: cycles against their lower bound, logic against synapses added."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Slowest:
    """The event layer with the most busy cycles.

    Attributes
    ----------
    layer: its name. against_bound: its busy cycles by the least there could be, spikes x folds / lanes. queues: what its queues take on
    average by that bound: more than 1, since a word without a spike takes a cycle too, and not all ports have a spike in a word's last
    cycle. The rest is that a pass waits for the busiest of its queues.
    """

    layer: str
    against_bound: float
    queues: float

    @property
    def busiest(self) -> float:
        """What the busiest queues take by the average."""
        return self.against_bound / self.queues

    def __str__(self) -> str:
        return f"{self.against_bound:.2f} = {self.queues:.2f} x {self.busiest:.2f} ({self.layer})"


SLOWEST = "slowest event layer: busy cycles / (spikes x folds / lanes) = queues x busiest"
"""Head of the column."""

NOBODY = Slowest("no event layer", float("nan"), float("nan"))


def slowest(plan: Plan, words: Ints) -> Slowest:
    """Of the images' mean. ``NOBODY`` without an event layer."""
    found = [(0.0, NOBODY)]
    for name, work in works(plan, words).items():
        stage = work.stage
        if stage.folding.body == "event":
            images = range(len(work.words))
            busy = float(np.mean([sum(cost for cost, _, _ in work.image(k)) for k in images]))
            least = float(work.synaptic.mean()) / (stage.lanes * stage.folding.windows * stage.folding.elements)
            mean = float(np.mean([work.mean_queue(k) for k in images]))
            found.append((busy, Slowest(name, busy / least, mean / least)))
    return max(found, key=lambda item: item[0])[1]
