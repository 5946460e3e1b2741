"""The cheapest folding of all stages at given prices of resources, exact but for residuals.

Neighbours see each other by the width of the stream between them alone. Every stage has one source,
so the network is a tree, and the cheapest choice is found from its leaves to its root: for each
width that the source may send, the best of what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from spikeloom.mapping.plan.plan import Edge
from spikeloom.mapping.search.costs import RESOURCES, Vector
from spikeloom.mapping.search.menu import Menu, Menus

Pick = dict[str, int]
"""Stage -> number of its choice in its menu."""


@dataclass(frozen=True)
class Best:
    """``price`` of a stage and all that follows, with ``pick`` of the stage itself."""

    price: float
    pick: int


class Choice:
    """The menus of one goal.

    Attributes
    ----------
    menus: stage -> its menu. complete: whether every stage has a choice.
    """

    def __init__(self, source: Menus, goal: float):
        self.source, self.goal, self.plan = source, goal, source.plan
        self.menus: dict[str, Menu] = {}
        for stage in self.plan.stages:
            menu = source.menu(stage, goal)
            if not menu.foldings:
                break
            self.menus[stage.name] = menu
        self.complete = len(self.menus) == len(self.plan.stages)
        self.inputs = {edge.target: edge for edge in self.plan.edges if edge.port == "i"}
        self.skips = [edge for edge in self.plan.edges if edge.port != "i"]
        self.first = next(
            edge.target for edge in self.plan.edges if edge.source == self.plan.graph.input.name
        )
        self.known: dict[tuple[str, str, int, int], Vector | None] = {}

    def link(self, edge: Edge, o_elements: int, i_group: int) -> Vector | None:
        """Of a stream; None where it is too slow."""
        key = (edge.target, edge.port, o_elements, i_group)
        if key not in self.known:
            self.known[key] = self.source.link(edge, o_elements, i_group, self.goal)
        return self.known[key]

    def cheapest(self, prices: Vector) -> Pick | None:
        """The cheapest choice at ``prices`` per unit of each resource, residual streams left out;
        None where no streams are fast enough.
        """
        graph = self.plan.graph
        best: dict[str, dict[int, Best]] = {}
        for stage in reversed(self.plan.stages):
            best[stage.name] = self.by_width(stage.name, prices, best)
        pick: Pick = {}
        widths = {state[0] for state in self.menus[self.first].states}
        roots = [(self.following(graph.input.name, width, best), width) for width in sorted(widths)]
        price, width = min(roots)
        if price == inf:
            return None
        sent = {graph.input.name: width}
        for stage in self.plan.stages:
            chosen = best[stage.name][sent[stage.layer.source]]
            pick[stage.name] = chosen.pick
            sent[stage.name] = self.menus[stage.name].foldings[chosen.pick].elements
        return pick

    def following(self, name: str, width: int, best: dict[str, dict[int, Best]]) -> float:
        """Price of all that takes words from a node that sends ``width`` channels a beat."""
        return sum(
            best[edge.target][width].price for edge in self.inputs.values() if edge.source == name
        )

    def by_width(
        self, name: str, prices: Vector, best: dict[str, dict[int, Best]]
    ) -> dict[int, Best]:
        """For each width that its source may send: the best of a stage."""
        menu, edge = self.menus[name], self.inputs[name]
        worth = menu.costs @ prices
        after: dict[int, float] = {}
        by_group: dict[int, Best] = {}
        for (group, elements), rows in menu.states.items():
            if elements not in after:
                after[elements] = self.following(name, elements, best)
            k = int(rows[np.argmin(worth[rows])])
            price = float(worth[k]) + after[elements]
            if group not in by_group or price < by_group[group].price:
                by_group[group] = Best(price, k)
        found = {}
        for width in self.widths_sent(edge.source):
            every = (
                self.with_stream(edge, width, group, own, prices) for group, own in by_group.items()
            )
            found[width] = min(every, key=lambda best: best.price)
        return found

    def with_stream(self, edge: Edge, width: int, group: int, own: Best, prices: Vector) -> Best:
        if (
            edge.target == self.first and group != width
        ):  # the network takes what its first stage takes
            return Best(inf, own.pick)
        stream = self.link(edge, width, group)
        return Best(inf if stream is None else own.price + float(stream @ prices), own.pick)

    def widths_sent(self, name: str) -> list[int]:
        if name == self.plan.graph.input.name:
            return sorted({state[0] for state in self.menus[self.first].states})
        return sorted({state[1] for state in self.menus[name].states})

    def needs(self, pick: Pick) -> tuple[Vector, int]:
        """What a choice takes, without what no choice changes; and how many streams are too
        slow.
        """
        total, slow = np.zeros(len(RESOURCES)), 0
        for name, k in pick.items():
            total = total + self.menus[name].costs[k]
        for edge in self.plan.edges:
            stream = self.link(edge, self.width(edge.source, pick), self.taken(edge, pick))
            slow += stream is None
            total = total if stream is None else total + stream
        return total, slow

    def width(self, name: str, pick: Pick) -> int:
        """Channels in a beat that leaves a node."""
        if name == self.plan.graph.input.name:
            return self.menus[self.first].foldings[pick[self.first]].group
        return self.menus[name].foldings[pick[name]].elements

    def taken(self, edge: Edge, pick: Pick) -> int:
        """Channels in a beat that enters a stage."""
        folding = self.menus[edge.target].foldings[pick[edge.target]]
        return folding.group if edge.port == "i" else folding.elements
