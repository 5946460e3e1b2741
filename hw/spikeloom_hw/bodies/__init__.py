"""Bodies: what makes sums of the words of a pass, one per kind, and what makes it of a stage."""

from __future__ import annotations

from collections.abc import Callable

from spikeloom.mapping.plan.bodies import DENSE, DEPTHWISE, EVENT, MAX, PARALLEL, Body
from spikeloom.mapping.plan.stage import Stage

from ..memory.port import WeightPort
from .event import EventLanes
from .lanes import Adders, Lanes, Terms
from .queues import Queues
from .words import DenseLanes, DepthwiseLanes, MaxLanes, ParallelLanes

Fill = Callable[[Stage], WeightPort]
"""What fills the weight port of a stage."""


def queues(stage: Stage) -> Queues:
    """The queues between the spike source and the body of a stage."""
    count, width = stage.queues
    body = stage.body
    order = () if body.whole_words else stage.dealt
    return Queues(count, width, whole=body.whole_words, early=body.skips, order=order)


def sizes(stage: Stage) -> dict[str, object]:
    """What all bodies take."""
    f = stage.folding
    return {
        "queues": queues(stage),
        "windows": f.windows,
        "elements": f.elements,
        "pass_words": stage.pass_words,
    }


def adding(stage: Stage, fill: Fill) -> dict[str, object]:
    """What all bodies take that sum weights."""
    first = None if stage.body.multiplies else stage.first_terms
    return {
        **sizes(stage),
        "folds": stage.folds,
        "weights": fill(stage),
        "terms": Terms(stage.stored_width, stage.binary),
        "adders": Adders(stage.acc_width, stage.tree_cycles, first),
    }


def event(stage: Stage, fill: Fill) -> Lanes:
    f = stage.folding
    return EventLanes(**adding(stage, fill), banks=f.banks, ports=f.ports, zero_row=stage.zero_row)


def parallel(stage: Stage, fill: Fill) -> Lanes:
    return ParallelLanes(**adding(stage, fill), signed=stage.i_code.signed)


BODIES: dict[Body, Callable[[Stage, Fill], Lanes]] = {
    EVENT: event,
    DENSE: lambda stage, fill: DenseLanes(**adding(stage, fill)),
    PARALLEL: parallel,
    DEPTHWISE: lambda stage, fill: DepthwiseLanes(**adding(stage, fill)),
    MAX: lambda stage, fill: MaxLanes(**sizes(stage)),
}
"""What makes each kind of body of a stage, and of what fills the port to its weights."""
