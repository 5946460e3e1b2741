"""How much of the hardware's work is of use: cycles against their lower bound, logic against
synapses added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeloom.display import NO_NUMBER, count, ratio
from spikeloom.ir.number import Ints
from spikeloom.mapping.cycle_model.scan import Work
from spikeloom.mapping.plan.plan import Plan


def works(plan: Plan, trace: dict[str, Ints]) -> dict[str, Work]:
    """Of every layer, by the words of every node, node -> (N, C, H, W)."""
    return {stage.name: Work(stage, trace[stage.layer.source]) for stage in plan.stages}


LUT_PER_USEFUL = "LUT per synapse added per cycle"
"""Head of the column."""


def lut_per_useful(plan: Plan, trace: dict[str, Ints], interval: float, lut: int) -> float | None:
    """LUTs of the whole accelerator per synapse that adds its weight, per cycle, at an interval in
    cycles.

    Layers that multiply add none: their LUTs count, their synapses do not. None where no other adds
    any.
    """
    adding = [work for work in works(plan, trace).values() if not work.stage.body.multiplies]
    useful = sum(float(work.synaptic.mean()) for work in adding)
    return lut * interval / useful if useful else None


@dataclass(frozen=True)
class Longest:
    """The layer of any body that is busy longest. cycles: of an image, on the mean."""

    layer: str
    body: str
    cycles: float

    def __str__(self) -> str:
        return f"{self.layer} ({self.body}), {count(self.cycles)}"


@dataclass(frozen=True)
class Slowest:
    """The event layer with the most busy cycles.

    Attributes
    ----------
    layer: its name. against_bound: its busy cycles over the least there could be, spikes x folds /
        lanes. queues: what its queues take on
    average over that bound: more than 1, since a word without a spike takes a cycle too, and not
        all ports have a spike in a word's last
    cycle. The rest is that a pass waits for the busiest of its queues. Both are None where there is
        no such layer, or no spike in it.
    """

    layer: str
    against_bound: float | None = None
    queues: float | None = None

    @property
    def busiest(self) -> float:
        """What the busiest queues take over the average; 1 where nothing is known."""
        return self.against_bound / self.queues if self.against_bound and self.queues else 1.0

    def __str__(self) -> str:
        if self.against_bound is None or self.queues is None:
            return f"{NO_NUMBER} ({self.layer})"
        factors = " x ".join(map(ratio, (self.queues, self.busiest)))
        return f"{ratio(self.against_bound)} = {factors} ({self.layer})"


SLOWEST = "slowest event layer: busy cycles / bound = queues x busiest"
"""Head of the column."""

NOBODY = Slowest("no event layer")


def longest_and_slowest(plan: Plan, trace: dict[str, Ints]) -> tuple[Longest, Slowest]:
    """The layer that is busy longest, and the event layer that is; ``NOBODY`` without one. Of the
    images' mean.
    """
    busy = {name: cycles(work) for name, work in works(plan, trace).items()}
    skips = {
        f"{stage.name}.skip": stage.skip_stage
        for stage in plan.stages
        if stage.skip_stage is not None
    }
    longest = [Longest(name, plan[name].folding.body, taken) for name, taken in busy.items()]
    longest += [
        Longest(name, skip.folding.body, cycles(Work(skip, trace[skip.layer.source])))
        for name, skip in skips.items()
    ]
    event = [stage.name for stage in plan.stages if stage.body.skips]
    slowest = (
        against_bound(works(plan, trace)[max(event, key=busy.__getitem__)]) if event else NOBODY
    )
    return max(longest, key=lambda found: found.cycles), slowest


def cycles(work: Work) -> float:
    """Busy cycles of an image, on the mean; the same for all images but in an event body."""
    images = range(len(work.words) if work.stage.body.skips else 1)
    return float(np.mean([sum(cost for cost, _, _ in work.image(k)) for k in images]))


def against_bound(work: Work) -> Slowest:
    """An event layer against the least that its spikes could take."""
    stage = work.stage
    least = float(work.synaptic.mean()) / (
        stage.lanes * stage.folding.windows * stage.folding.elements
    )
    mean = float(np.mean([work.mean_queue(k) for k in range(len(work.words))]))
    return Slowest(stage.name, cycles(work) / least, mean / least) if least else Slowest(stage.name)
