"""The smallest plan for a goal: prices of resources are moved until none is much tighter than the
others, then single stages.

How large a plan is: the 4-norm of the shares that it takes of what may be used of each resource.
That is near to the largest share, but where two resources are about as tight, little of one is not
paid for with much of the other. Prices are those of Lagrange: what is tight gets dearer
(multiplicative weights), and the cheapest choice at any prices bounds from below what is possible
(Everett, "Generalized Lagrange multiplier method", 1963).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np

from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.cycles import ends, network_interval
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.search.budget import total
from spikeloom.mapping.search.choice import Choice, Pick
from spikeloom.mapping.search.costs import Vector, vector
from spikeloom.mapping.search.menu import Menus

ROUNDS = 24
"""Prices that are tried for one goal."""

HASTE = 4.0
"""How fast a price grows with the share that its resource takes, over the largest share."""

LEAST_PRICE = 0.02
"""Of all prices together: nothing is free, or it would be taken without need."""

NORM = 4

ALMOST_NONE = 0.5
"""What stands for none of a resource: one of it is then too much."""

NEAR = 1.05
"""Largest share at which single stages may still bring a plan down to what is allowed."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A plan for a goal, what it takes, and the largest share that this is of what may be used;
    above 1 it does not fit.
    """

    plan: Plan
    need: Cost
    share: float


@dataclass(frozen=True, eq=False)
class Tried:
    """A choice, what it takes, and how many residual streams are too slow."""

    pick: Pick
    need: Vector
    slow: int


def sizes(need: Vector, allowed: Vector) -> Vector:
    """How large plans are whose needs are the last axis; one that does not fit is larger than any
    that does.
    """
    shares = need / np.maximum(allowed, ALMOST_NONE)
    found: Vector = (shares**NORM).sum(axis=-1) ** (1 / NORM) + (shares.max(axis=-1) > 1)
    return found


def size(need: Vector, allowed: Vector) -> float:
    """How large a plan is."""
    return float(sizes(need, allowed))


class Fitting:
    """Smallest plans of one network on one board.

    Parameters
    ----------
    menus: of its stages. allowed: what may be used of the board.
    """

    def __init__(self, menus: Menus, allowed: Cost):
        self.menus, self.plan = menus, menus.plan
        self.allowed = np.maximum(vector(allowed), ALMOST_NONE)
        own = sum(
            (menus.costs[stage.name].of(stage.folding) for stage in self.plan.stages),
            vector(Cost()),
        )
        for edge in self.plan.edges:
            stream = menus.link(edge, edge.i_group, edge.o_group, inf)
            own = own if stream is None else own + stream
        self.constant = vector(total(self.plan)) - own

    def size(self, need: Vector) -> float:
        return size(need, self.allowed)

    def share(self, need: Vector) -> float:
        return float((need / self.allowed).max())

    def fit(self, goal: float, enough: bool = False) -> Fit | None:
        """The smallest plan within ``goal`` cycles that was found; None where none is that fast.

        ``enough``: the first one that fits will do, and none where none fits.
        """
        if any(limit.cycles > goal for limit in ends(self.plan.graph, self.plan.board)):
            return None
        choice = Choice(self.menus, goal)
        best = self.priced(choice, enough) if choice.complete else None
        if best is None or (enough and self.share(best.need) > NEAR):
            return None
        if not enough or best.slow or self.share(best.need) > 1:
            best = self.improved(choice, best)
        if best.slow:
            return None
        foldings = {name: choice.menus[name].foldings[k] for name, k in best.pick.items()}
        plan = self.plan.folded(foldings)
        need = total(plan)
        found = Fit(plan, need, self.share(vector(need)))
        return None if network_interval(plan) > goal or (enough and found.share > 1) else found

    def priced(self, choice: Choice, enough: bool) -> Tried | None:
        """The smallest of the choices that are cheapest at some prices."""
        prices = np.full(len(self.allowed), 1.0 / len(self.allowed))
        best: Tried | None = None
        for _ in range(ROUNDS):
            pick = choice.cheapest(prices / self.allowed)
            if pick is None:
                return None
            need, slow = choice.needs(pick)
            found = Tried(pick, need + self.constant, slow)
            if best is None or (found.slow, self.size(found.need)) < (
                best.slow,
                self.size(best.need),
            ):
                best = found
            shares = found.need / self.allowed
            bound = float(prices @ shares)
            if enough and ((shares.max() <= 1 and not slow) or (bound > NEAR and not choice.skips)):
                break
            prices = prices * np.exp(HASTE * (shares / shares.max() - 1))
            prices = np.maximum(prices / prices.sum(), LEAST_PRICE)
            prices = prices / prices.sum()
        return best

    def improved(self, choice: Choice, tried: Tried) -> Tried:
        """Single stages are chosen anew as long as that makes the plan smaller."""
        best, again = tried, True
        while again:
            again = False
            for name in best.pick:
                for found in self.others(choice, best, name):
                    if (found.slow, self.size(found.need)) < (
                        best.slow,
                        self.size(best.need) - 1e-9,
                    ):
                        best, again = found, True
        return best

    def others(self, choice: Choice, tried: Tried, name: str) -> Iterator[Tried]:
        """For each width that neighbours may see, the smallest plan with another folding of one
        stage.
        """
        menu = choice.menus[name]
        links, slow = self.around(choice, tried.pick, name)
        rest, rest_slow = tried.need - menu.costs[tried.pick[name]] - links, tried.slow - slow
        for rows in menu.states.values():
            pick = tried.pick | {name: int(rows[0])}
            links, slow = self.around(choice, pick, name)
            needs = rest + links + menu.costs[rows]
            k = int(np.argmin(sizes(needs, self.allowed)))
            yield Tried(pick | {name: int(rows[k])}, needs[k], rest_slow + slow)

    def around(self, choice: Choice, pick: Pick, name: str) -> tuple[Vector, int]:
        """What the streams take that the width of a stage matters to, and how many of them are too
        slow.
        """
        names = {name, self.plan.graph.input.name} if name == choice.first else {name}
        links, slow = vector(Cost()), 0
        for edge in self.plan.edges:
            if edge.source in names or edge.target == name:
                stream = choice.link(
                    edge, choice.width(edge.source, pick), choice.taken(edge, pick)
                )
                slow += stream is None
                links = links if stream is None else links + stream
        return links, slow
