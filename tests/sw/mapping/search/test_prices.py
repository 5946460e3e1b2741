"""Smallest plans: sums agree with the estimate of the whole, the cheapest choice is the cheapest,
no single stage could be smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from spikeloom.interface.boards import find_board
from spikeloom.ir.graph import Graph
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.cycles import network_interval
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.search.budget import allowed, over, total
from spikeloom.mapping.search.choice import Choice, Pick
from spikeloom.mapping.search.costs import RESOURCES, vector
from spikeloom.mapping.search.menu import Menu, Menus
from spikeloom.mapping.search.overrides import first_foldings
from spikeloom.mapping.search.prices import Fitting, size

from tests.networks import random_graph
from tests.sw.mapping.search.test_fastest import chain


def start(graph: Graph, board: str = "pynq-z2") -> Plan:
    return Plan(
        graph,
        first_foldings(graph, {})[0],
        board,
        100.0,
        dict.fromkeys(graph.codes, 0.25),
        "assumed",
    )


def fitting(plan: Plan) -> tuple[Fitting, Cost]:
    most = allowed(find_board(plan.board), 0.7)
    return Fitting(Menus(plan), most), most


def residual(plan: Plan) -> bool:
    return any(edge.port != "i" for edge in plan.edges)


@pytest.mark.parametrize("seed", range(16))
def test_sums_are_the_estimate_of_the_whole(seed: int) -> None:
    """For choices at random. The FIFO of a residual is known only once all windows are."""
    plan = start(random_graph(seed), "zcu104" if seed % 2 else "pynq-z2")
    search, _ = fitting(plan)
    choice = Choice(search.menus, network_interval(plan) / 2)
    rng = np.random.default_rng(seed)
    if not choice.complete:
        return
    for _ in range(5):
        pick = {name: int(rng.integers(len(menu.foldings))) for name, menu in choice.menus.items()}
        need, slow = choice.needs(pick)
        if slow:
            continue
        made = plan.folded({name: choice.menus[name].foldings[k] for name, k in pick.items()})
        off = np.abs(need + search.constant - vector(total(made)))
        assert (off[2:] == 0).all()
        if not residual(plan):
            assert (off <= len(plan.stages) + 3).all()  # each group is rounded


def narrowed(choice: Choice, rng: np.random.Generator, most: int) -> None:
    """A few choices of each stage, so that all of them can be tried."""
    for name, menu in choice.menus.items():
        kept = sorted(rng.permutation(len(menu.foldings))[:most].tolist())
        choice.menus[name] = Menu(tuple(menu.foldings[k] for k in kept), menu.costs[kept])


@pytest.mark.parametrize("seed", range(16))
def test_the_cheapest_choice_is_the_cheapest_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = start(random_graph(seed, 2))
    search, _ = fitting(plan)
    choice = Choice(search.menus, network_interval(plan) * rng.uniform(0.3, 1.2))
    if residual(plan) or not choice.complete or len(plan.stages) > 4:
        return
    narrowed(choice, rng, 6)
    prices = rng.random(len(RESOURCES))
    every = [
        dict(zip(choice.menus, k, strict=True))
        for k in product(*(range(len(menu.foldings)) for menu in choice.menus.values()))
    ]
    worth = [float(need @ prices) for need, slow in map(choice.needs, every) if not slow]
    found = choice.cheapest(prices)
    assert (found is None) == (not worth)
    if found is not None:
        need, slow = choice.needs(found)
        assert not slow and np.isclose(float(need @ prices), min(worth))


@pytest.mark.parametrize("seed", range(8))
def test_the_cheapest_choice_of_a_chain(seed: int) -> None:
    """Here what follows a stage depends on how wide it sends, and costs more than the stage
    itself.
    """
    rng = np.random.default_rng(seed)
    plan = start(chain(4, 12, 16, 8))
    search, _ = fitting(plan)
    choice = Choice(search.menus, network_interval(plan) * rng.uniform(0.05, 0.5))
    narrowed(choice, rng, 7)
    prices = rng.random(len(RESOURCES))
    every = [
        dict(zip(choice.menus, k, strict=True))
        for k in product(*(range(len(menu.foldings)) for menu in choice.menus.values()))
    ]
    worth = [float(need @ prices) for need, slow in map(choice.needs, every) if not slow]
    found = choice.cheapest(prices)
    assert (found is None) == (not worth)
    assert found is None or np.isclose(float(choice.needs(found)[0] @ prices), min(worth))


def single_changes(choice: Choice, pick: Pick) -> Iterator[Pick]:
    for name, menu in choice.menus.items():
        yield from (pick | {name: k} for k in range(len(menu.foldings)))


@pytest.mark.parametrize("seed", range(16))
def test_no_single_stage_could_be_smaller(seed: int) -> None:
    """The plan is legal, meets the goal by the estimate of the whole, and no other folding of one
    stage makes a smaller one that does.
    """
    plan = start(
        random_graph(seed) if seed % 2 else chain(4, 12, [8, 16, 24, 32][seed // 2 % 4], 8)
    )
    search, _ = fitting(plan)
    goal = network_interval(plan) / 3
    found = search.fit(goal)
    if found is None:
        return
    assert network_interval(found.plan) <= goal and found.need == total(found.plan)
    choice = Choice(search.menus, goal)
    pick = {
        name: choice.menus[name].foldings.index(folding)
        for name, folding in found.plan.foldings.items()
    }
    now = search.size(choice.needs(pick)[0] + search.constant)
    for other in single_changes(choice, pick):
        need, slow = choice.needs(other)
        assert slow or search.size(need + search.constant) >= now - 1e-9


def test_what_fits_is_smaller_than_what_does_not() -> None:
    most = np.array([100.0, 100.0, 10.0, 10.0, 0.0])
    fits, fills = np.array([99.0, 99.0, 9.9, 9.9, 0.0]), np.array([101.0, 0.0, 0.0, 0.0, 0.0])
    assert size(fits, most) < size(fills, most) < size(np.array([101.0, 1.0, 0.0, 0.0, 0.0]), most)
    assert size(np.array([0.0, 0.0, 0.0, 0.0, 1.0]), most) > size(
        fits, most
    )  # of what is not there one is too much


def test_no_plan_is_faster_than_its_output() -> None:
    plan = start(random_graph(3))
    search, _ = fitting(plan)
    assert search.fit(int(np.prod(plan.graph.shapes[plan.graph.output.name])) - 0.5) is None


@pytest.mark.parametrize("seed", range(10))
def test_enough_is_within_what_is_allowed_or_none(seed: int) -> None:
    plan = start(random_graph(seed, 3))
    most = allowed(find_board("pynq-z2"), 0.7)
    need = total(plan)
    for part in (1.0, 0.9, 0.5):
        tight = replace(most, lut=int(need.lut * part))
        found = Fitting(Menus(plan), tight).fit(network_interval(plan), enough=True)
        assert found is None or not over(total(found.plan), tight)
        assert found is not None or part < 1
