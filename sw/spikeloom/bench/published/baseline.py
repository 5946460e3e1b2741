"""The same weights on bit-parallel multipliers, folded to as many LUTs: a whole word times a
weight, one word a cycle.

All layers get the body *parallel*, but depthwise ones and pools, which have one body only. The
folding is the fastest one whose LUTs, by the cost model, are those that the event-driven
accelerator takes by synthesis, give or take a twentieth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spikeloom.display import count
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.boards import find_board
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.cycles import ends, network_interval
from spikeloom.mapping.plan.bodies import Body
from spikeloom.mapping.plan.plan import Folding, Plan, Stage
from spikeloom.mapping.search.budget import NAMES, budget, total
from spikeloom.mapping.search.costs import RESOURCES
from spikeloom.mapping.search.fastest import STEP, fastest
from spikeloom.mapping.search.legal_foldings import bodies, foldings
from spikeloom.mapping.search.menu import Menu, Menus, undominated, with_memories
from spikeloom.mapping.search.prices import Fitting
from spikeloom.progress import Progress

NEAR = 0.05
"""How far the LUTs may be from those wanted, as a share."""


@dataclass(frozen=True, eq=False)
class Match:
    """Attributes
    ----------
    plan: bit-parallel. need: what it takes by estimate. wanted: LUTs that it should take.
    note: why it takes fewer than wanted; empty where it is near. others: layers that have another
        body, since there is no parallel one.
    larger: the smallest plan that is faster, larger than wanted; None where no folding is faster.
    """

    plan: Plan
    need: Cost
    wanted: int
    note: str
    others: tuple[str, ...]
    larger: Plan | None


class Parallel(Menus):
    """Menus without what counts spikes."""

    def menu(self, stage: Stage, goal: float) -> Menu:
        density, sends, body = (
            self.plan.density[stage.layer.source],
            stage.name in self.sends,
            body_of(stage),
        )
        some = (
            folding
            for folding in foldings(stage, density, goal, sends)
            if folding.body == body.name
        )
        found = list(with_memories(stage, some))
        rows = [self.costs[stage.name].of(folding) for folding in found]
        return undominated(found, np.array(rows).reshape(len(found), len(RESOURCES)))


def body_of(stage: Stage) -> Body:
    """Parallel, or the only body that there is. Raises SpikeLoomError for a layer that only counts
    spikes.
    """
    found = bodies(stage)
    for body in found:
        if body.multiplies:
            return body
    if len(found) > 1:
        raise SpikeLoomError(
            f"{stage.name}: has no bit-parallel body: its input is no binary number (base"
            f" {stage.i_code.base})"
        )
    return found[0]


def smallest(plan: Plan) -> Plan:
    """One of everything."""
    foldings = {stage.name: Folding(body_of(stage).name, 1) for stage in plan.stages}
    # What else a plan says of its stages is of event bodies.
    return replace(plan.folded(foldings), dealing={}, spread={})


def match(plan: Plan, lut: int, progress: Progress) -> Match:
    """The fastest bit-parallel plan of the same network, board and clock that takes about ``lut``
    LUTs, the shell included.

    Of all else the whole board may be taken. Raises SpikeLoomError where not even the smallest one
    is that small, or a layer only counts spikes.
    """
    start, board = smallest(plan), find_board(plan.board)
    most = replace(budget(board, 1.0), lut=round(lut * (1 + NEAR)))
    least = max(limit.cycles for limit in ends(plan.graph, plan.board))
    best = fastest(Fitting(Parallel(start), most), network_interval(start), least, most, progress)
    if best is None:
        raise SpikeLoomError(
            f"no bit-parallel plan takes {count(lut)} LUT or less by estimate, the smallest"
            f" {count(total(start).lut)}"
        )
    need = best.fit.need
    others = tuple(stage.name for stage in plan.stages if not body_of(stage).multiplies)
    note = "" if need.lut >= lut * (1 - NEAR) else limited_by(best.bound, need, most)
    beyond = Fitting(Parallel(start), budget(board, 1.0)).fit(
        max(least, network_interval(best.fit.plan) / STEP)
    )
    return Match(best.fit.plan, need, lut, note, others, None if beyond is None else beyond.plan)


def limited_by(bound: str, need: Cost, most: Cost) -> str:
    """What keeps a plan from growing to the size that is wanted."""
    if not bound:
        return "no folding is faster"
    name = next(name for name, text in NAMES.items() if text == bound)
    allowed, taken = count(getattr(most, name)), count(getattr(need, name))
    return (
        f"the next faster folding takes more than the {allowed} {bound} allowed, this one {taken}"
    )
