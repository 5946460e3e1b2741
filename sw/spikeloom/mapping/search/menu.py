"""What a stage may be folded to for a goal, each choice with its cost, without those that are worse
than another in everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from spikeloom.interface.boards import find_board
from spikeloom.mapping.estimate.cycles import edge_cycles, stage_limits
from spikeloom.mapping.estimate.weights import fixed, weight_shape
from spikeloom.mapping.plan.plan import Edge, Folding, Plan, Stage
from spikeloom.mapping.search.costs import RESOURCES, Costs, Vector
from spikeloom.mapping.search.legal_foldings import folded, foldings

SINGLE = 2
"""Rows of weights up to which a memory is none."""

MAX_LOADED_ROWS = 256
"""Rows of weights that are loaded, in LUTs: as many as one memory of LUTs has. For UltraScale+
Yosys fails from 512 rows on.
"""


@dataclass(frozen=True, eq=False)
class Menu:
    """Choices for one stage; ``costs`` (choices, resources)."""

    foldings: tuple[Folding, ...]
    costs: npt.NDArray[np.float64]

    @cached_property
    def states(self) -> dict[tuple[int, int], npt.NDArray[np.int64]]:
        """Group and elements, all that neighbours see -> the choices that have them."""
        found: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for k, folding in enumerate(self.foldings):
            found[folding.group, folding.elements].append(k)
        return {state: np.array(rows, dtype=np.int64) for state, rows in found.items()}


class Menus:
    """The menus of all stages of a plan.

    Parameters
    ----------
    plan: with a legal folding of every stage. fixed: stages whose folding stays.
    """

    def __init__(self, plan: Plan, fixed: Iterable[str] = ()):
        self.plan, self.fixed = plan, frozenset(fixed)
        family = find_board(plan.board).family
        self.costs = {stage.name: Costs(plan, stage, family) for stage in plan.stages}
        self.sends = {edge.source for edge in plan.edges}
        self.words = {
            node.name: code.steps
            for node in plan.graph.nodes
            if (code := plan.graph.codes[node.name]) is not None
        }
        self.values = {name: int(np.prod(shape)) for name, shape in plan.graph.shapes.items()}

    def menu(self, stage: Stage, goal: float) -> Menu:
        """Choices within ``goal`` cycles; of a stage that stays, the one there is, where it is
        within.
        """
        density, costs = self.plan.density[stage.layer.source], self.costs[stage.name]
        if stage.name in self.fixed:
            slow = any(limit.cycles > goal for limit in stage_limits(stage, self.plan.density))
            found = [] if slow else [stage.folding]
        else:
            found = list(
                with_memories(stage, foldings(stage, density, goal, stage.name in self.sends))
            )
        rows = [costs.of(folding) for folding in found]
        return undominated(found, np.array(rows).reshape(len(found), len(RESOURCES)))

    def link(self, edge: Edge, o_elements: int, i_group: int, goal: float) -> Vector | None:
        """What a stream from ``o_elements`` to ``i_group`` channels costs; None where it takes more
        than ``goal`` cycles.
        """
        if edge_cycles(o_elements, i_group, self.values[edge.source]) > goal:
            return None
        costs, word = self.costs[edge.target], self.words[edge.source]
        found = costs.stream(o_elements, i_group, word)
        if edge.port == "i":
            return found
        # Beats that wait are in proportion to what the plan has, whose windows may be others: near
        # enough to choose by.
        beats = (
            self.values[edge.target]
            // self.plan.graph.shapes[edge.target][1]
            // self.plan.graph.shapes[edge.target][2]
        )
        held = (edge.depth - 2) * edge.o_group // beats
        return found + costs.waiting(i_group, word, held * (beats // i_group) + 2)


def with_memories(stage: Stage, some: Iterable[Folding]) -> Iterator[Folding]:
    """Each folding with its weights in LUTs, and in block RAM; as it is where there is no memory of
    weights.
    """
    for folding in some:
        made = folded(stage, folding)
        if not made.body.adds or fixed(made):
            yield folding
        elif stage.room is None and weight_shape(made)[1] <= SINGLE:
            yield replace(folding, weights="lut")
        elif stage.room is not None and weight_shape(made)[1] > MAX_LOADED_ROWS:
            yield replace(folding, weights="block")
        else:
            yield from (replace(folding, weights=kind) for kind in ("lut", "block"))


def undominated(some: Sequence[Folding], costs: npt.NDArray[np.float64]) -> Menu:
    """Without those that another one of the same group and elements beats or equals in every
    resource.
    """
    kept: list[int] = []
    for rows in Menu(tuple(some), costs).states.values():
        order = rows[np.lexsort(costs[rows].T)]
        better: list[int] = []
        for k in order:
            if not any((costs[other] <= costs[k]).all() for other in better):
                better.append(int(k))
        kept += better
    kept.sort()
    return Menu(tuple(some[k] for k in kept), costs[kept])
