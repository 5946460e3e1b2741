"""Smallest plans: sums agree with the estimate of the whole, the cheapest choice is the cheapest, no single stage could be smaller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from spikeloom.boards import find_board
from spikeloom.estimate.cost import Cost
from spikeloom.estimate.cycles import network_interval
from spikeloom.graph import Graph
from spikeloom.plan import Plan
from spikeloom.scheduling.budget import allowed, over, total
from spikeloom.scheduling.choice import Choice
from spikeloom.scheduling.costs import RESOURCES, Vector, vector
from spikeloom.scheduling.fitting import Fitting, size
from spikeloom.scheduling.menu import Menu, Menus
from spikeloom.scheduling.overrides import first_foldings

from tests.networks import random_graph


def start(graph: Graph, board: str = "pynq-z2") -> Plan:
    return Plan(graph, first_foldings(graph, {})[0], board, 100.0, dict.fromkeys(graph.codes, 0.25), "assumed")


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
        made = replace(plan, foldings={name: choice.menus[name].foldings[k] for name, k in pick.items()})
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
    every = [dict(zip(choice.menus, k, strict=True)) for k in product(*(range(len(menu.foldings)) for menu in choice.menus.values()))]
    worth = [float(need @ prices) for need, slow in map(choice.needs, every) if not slow]
    found = choice.cheapest(prices)
    assert (found is None) == (not worth)
    if found is not None:
        need, slow = choice.needs(found)
        assert not slow and np.isclose(float(need @ prices), min(worth))


def single_changes(choice: Choice, plan: Plan) -> Iterator[Plan]:
    for name, menu in choice.menus.items():
        for folding in menu.foldings:
            yield replace(plan, foldings=plan.foldings | {name: folding})


def as_large(need: Vector, most: Cost) -> float:
    return size(need, vector(most))


@pytest.mark.parametrize("seed", range(16))
def test_no_single_stage_could_be_smaller(seed: int) -> None:
    """The plan is legal, meets the goal by the estimate of the whole, and no other folding of one stage makes a smaller one that does."""
    plan = start(random_graph(seed))
    search, most = fitting(plan)
    goal = network_interval(plan) / 3
    found = search.fit(goal)
    if found is None:
        return
    assert network_interval(found.plan) <= goal and found.need == total(found.plan)
    if residual(plan):
        return
    now = as_large(vector(found.need), most)
    step = as_large(vector(Cost(len(plan.stages) + 3)), most)
    for other in single_changes(Choice(search.menus, goal), found.plan):
        if network_interval(other) <= goal:
            assert as_large(vector(total(other)), most) > now - step


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
