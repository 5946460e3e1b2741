"""Why a plan is folded as it is: what bounds every stage, and what the next faster and the next
smaller folding of it would take.

Neighbours stay as they are. All of it is estimated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikeloom.interface.boards import find_board
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.cycles import Limit, head_cycles, limits
from spikeloom.mapping.plan.plan import Folding, Plan, Stage
from spikeloom.mapping.search.budget import allowed, total
from spikeloom.mapping.search.costs import Vector, vector
from spikeloom.mapping.search.legal_foldings import folded, own_cycles
from spikeloom.mapping.search.menu import Menus
from spikeloom.mapping.search.prices import size

SLOWER = 2.0
"""Intervals within which a smaller folding is looked for."""


@dataclass(frozen=True)
class Other:
    """Another folding of a stage: its cycles, and what the network would take more (or less, below
    zero) with it.
    """

    folding: Folding
    cycles: float
    more: Cost


@dataclass(frozen=True)
class Reason:
    """Attributes
    ----------
    limit: what of the stage takes the most cycles of an image, and how many.
    faster: the smallest of the foldings that are faster. smaller: the fastest of those that take
        less, though more cycles than the network does now. None where there is none.
    """

    stage: Stage
    limit: Limit
    faster: Other | None
    smaller: Other | None


@dataclass(frozen=True)
class Reasons:
    """``slowest`` bounds the network. ``need`` of all resources, and what a plan may take of
    them.
    """

    stages: tuple[Reason, ...]
    slowest: Limit
    need: Cost
    allowed: Cost


def reasons(plan: Plan, share: float | None = None) -> Reasons:
    """Of all stages; ``share`` of the logic may be used, 0.7 if None."""
    most = allowed(find_board(plan.board), share)
    every, need = limits(plan), total(plan)
    slowest = max(every, key=lambda limit: limit.cycles)
    search = Search(plan, vector(most), vector(need), slowest.cycles)
    found = []
    for stage in plan.stages:
        limit = max(
            (limit for limit in every if limit.stage == stage.name), key=lambda limit: limit.cycles
        )
        found.append(
            Reason(stage, limit, search.faster(stage, limit.cycles), search.smaller(stage))
        )
    return Reasons(tuple(found), slowest, need, most)


class Search:
    """Other foldings of single stages of a plan.

    Parameters
    ----------
    allowed, need: resources that may be used, and that the plan takes. interval: cycles of an
        image.
    """

    def __init__(self, plan: Plan, allowed: Vector, need: Vector, interval: float):
        self.plan, self.allowed, self.need, self.interval = plan, allowed, need, interval
        self.menus = Menus(plan)

    def faster(self, stage: Stage, cycles: float) -> Other | None:
        found = [
            other for other in self.others(stage, cycles * (1 - 1e-9)) if other.cycles < cycles
        ]
        return min(found, key=self.larger, default=None)

    def smaller(self, stage: Stage) -> Other | None:
        found = [
            other
            for other in self.others(stage, SLOWER * self.interval)
            if other.cycles > self.interval
        ]
        return min(
            (other for other in found if self.larger(other) < 0),
            key=lambda other: other.cycles,
            default=None,
        )

    def larger(self, other: Other) -> float:
        """How much the plan would grow."""
        return size(self.need + vector(other.more), self.allowed) - size(self.need, self.allowed)

    def others(self, stage: Stage, goal: float) -> Iterator[Other]:
        menu, now = self.menus.menu(stage, goal), self.taken(stage, stage.folding)
        for folding in menu.foldings:
            taken = self.taken(stage, folding)
            if taken is not None and now is not None:
                yield Other(
                    folding,
                    self.cycles(stage, folding),
                    Cost(*(round(float(n)) for n in taken - now)),
                )

    def taken(self, stage: Stage, folding: Folding) -> Vector | None:
        """By a stage and the streams around it; None where one of them would be slower than the
        network.
        """
        found = self.menus.costs[stage.name].of(folding)
        goal = max(self.interval, 1.0)
        for edge in self.plan.edges:
            sent = folding.elements if edge.source == stage.name else edge.i_group
            taken = edge.o_group
            if edge.target == stage.name:
                taken = folding.group if edge.port == "i" else folding.elements
                first = edge.source == self.plan.graph.input.name and edge.i_group == edge.o_group
                sent = taken if first else sent
            if stage.name in (edge.source, edge.target):
                stream = self.menus.link(edge, sent, taken, goal)
                if stream is None:
                    return None
                found = found + stream
        return found

    def cycles(self, stage: Stage, folding: Folding) -> float:
        """Of an image, by the slowest of scan, neurons, residual and streams."""
        made = folded(stage, folding)
        inputs, outputs = int(np.prod(stage.i_shape)), int(np.prod(stage.o_shape))
        ends = [
            inputs // folding.group,
            outputs // folding.elements if stage.name in self.menus.sends else 0,
        ]
        return max(
            own_cycles(made, self.plan.density[stage.layer.source]), head_cycles(made), *ends
        )
