"""Legal foldings: each can be built and is within its goal, and none that is less lanes or windows
was passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.estimate.cycles import head_cycles, stage_limits
from spikeloom.mapping.plan.plan import Folding, Stage
from spikeloom.mapping.search.legal_foldings import (
    MAX_FLAGS,
    MAX_WINDOWS,
    bodies,
    divisors,
    foldings,
)

from tests.networks import plan_of, random_plan


def stages(seed: int) -> Iterator[tuple[Stage, dict[str, float], bool]]:
    """Of a random network: each with the density of everything, and whether it sends to another
    stage.
    """
    plan = replace(random_plan(seed), dealing={})
    density = dict.fromkeys(plan.graph.codes, 0.3)
    for stage in plan.stages:
        yield stage, density, any(edge.source == stage.name for edge in plan.edges)


def cycles(stage: Stage, density: dict[str, float], sends: bool) -> float:
    """Of all that the stage alone decides."""
    values = [int(np.prod(stage.i_shape)) // stage.folding.group]
    if sends:
        values.append(int(np.prod(stage.o_shape)) // stage.folding.elements)
    return max(*(limit.cycles for limit in stage_limits(stage, density)), *values)


def every(stage: Stage) -> Iterator[Stage]:
    """All foldings that can be built at all, within the bounds that are set."""
    inputs, outputs = stage.i_shape[0] // stage.groups, stage.o_shape[0] // stage.groups
    for body in bodies(stage):
        if body.by_channel:
            shapes = [(group, 1, 1, group) for group in divisors(stage.i_shape[0], 99)]
        elif body.skips:
            flags = [f for f in divisors(inputs, MAX_FLAGS)]
            some = product(divisors(inputs, 99), flags, (1, 2), divisors(outputs, 99))
            shapes = [
                (g, g // f, p, e)
                for g, f, p, e in some
                if g % f == 0 and p <= f and (f >= 4 or f == inputs)
            ]
        else:
            shapes = [(g, 1, 1, e) for g, e in product(divisors(inputs, 99), divisors(outputs, 99))]
        for (g, b, p, e), windows in product(shapes, divisors(stage.o_shape[2], MAX_WINDOWS)):
            for neurons in divisors(e, e):
                yield replace(stage, folding=Folding(body.name, g, b, p, e, windows, neurons))


@pytest.mark.parametrize("seed", range(10))
def test_each_can_be_built_and_is_within_its_goal(seed: int) -> None:
    for stage, density, sends in stages(seed):
        start = cycles(stage, density, sends)
        for goal in (start, start / 3):
            for folding in foldings(stage, density[stage.layer.source], goal, sends):
                assert cycles(replace(stage, folding=folding), density, sends) <= goal


@pytest.mark.parametrize("seed", range(10))
def test_none_that_is_less_was_passed_over(seed: int) -> None:
    """Whatever meets the goal has one beside it that takes no more of anything but neurons, and is
    found.
    """
    for stage, density, sends in stages(seed):
        goal = cycles(stage, density, sends)
        found = list(foldings(stage, density[stage.layer.source], goal, sends))
        for other in every(stage):
            if cycles(other, density, sends) <= goal:
                f = other.folding
                assert any(
                    (g.body, g.group) == (f.body, f.group)
                    and all(
                        getattr(g, name) <= getattr(f, name)
                        for name in ("banks", "ports", "elements", "windows")
                    )
                    for g in found
                ), f


def test_the_least_neurons_and_one_per_element() -> None:
    for seed in range(10):
        for stage, density, sends in stages(seed):
            goal = 2 * cycles(stage, density, sends)
            found = list(foldings(stage, density[stage.layer.source], goal, sends))
            for folding in found:
                fewer = [
                    n for n in divisors(folding.elements, folding.elements) if n < folding.neurons
                ]
                made = [
                    head_cycles(replace(stage, folding=replace(folding, neurons=n))) <= goal
                    for n in fewer
                ]
                assert folding.neurons == folding.elements or not any(made)


def test_a_stream_out_is_no_slower_than_the_goal() -> None:
    """A 1x1 layer whose whole word is taken at once: with windows its body is faster than what it
    sends.
    """
    zero = np.zeros(8, dtype=np.int64)
    weight = np.ones((8, 4, 1, 1), dtype=np.int64)
    layer = Layer("a", "x", weight, SpikePack(Code(1), zero + 1, zero), zero, zero, zero)
    plan = plan_of(
        Graph("n", (Input("x", (4, 8, 8), (4, 8, 8), Code(1)), layer)),
        {"a": Folding("parallel", 4)},
    )
    free, bound = (list(foldings(plan.stages[0], 0.3, 70.0, sends)) for sends in (False, True))
    assert any(f.elements < 8 for f in free) and bound and all(f.elements == 8 for f in bound)


def test_no_folding_is_fast_enough_for_nothing() -> None:
    for stage, density, sends in stages(0):
        assert not list(foldings(stage, density[stage.layer.source], 0.5, sends))
