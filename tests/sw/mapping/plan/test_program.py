"""Which engine works on which node is a matter of the plan alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.backend.hls import project
from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.ir import golden
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate
from spikeloom.mapping.estimate.cycles import network_interval
from spikeloom.mapping.estimate.resources import plan_costs
from spikeloom.mapping.plan.engines import Step, one_to_one
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom.mapping.plan.plan_file import PLAN_FILE, load, save
from spikeloom_hw.emit import verilog_text

from tests.networks import random_plan, random_words
from tests.sw.mapping.plan.test_plan_file import same


def renamed(plan: Plan) -> Plan:
    """The same engines under names of their own."""
    names = {name: f"engine{k}" for k, name in enumerate(plan.engines)}
    engines = {names[name]: folding for name, folding in plan.engines.items()}
    return replace(plan, engines=engines, program=tuple(Step(n, e) for n, e in names.items()))


def shared() -> Plan:
    """One engine for all nodes of a network, which it works on one after the other."""
    plan = next(
        plan
        for plan in map(random_plan, range(99))
        if len(plan.stages) > 1 and all(stage.body.adds for stage in plan.stages)
    )
    one = {"engine": Folding("dense", 1)}
    program = tuple(Step(stage.name, "engine") for stage in plan.stages)
    return replace(plan, engines=one, program=program, dealing={}, spread={})


def test_without_a_program_every_node_has_an_engine_of_its_name() -> None:
    plan = random_plan(3)
    assert plan.program == one_to_one(stage.name for stage in plan.stages)
    assert plan.foldings == {stage.name: plan.engines[stage.name] for stage in plan.stages}


@pytest.mark.parametrize("seed", [3, 9])
def test_names_of_engines_change_no_hardware(seed: int, tmp_path: Path) -> None:
    plan = random_plan(seed)
    other = renamed(plan)
    words = random_words(np.random.default_rng(0), plan.graph, 2)
    assert verilog_text(other) == verilog_text(plan)
    assert project.texts(other) == project.texts(plan)
    assert plan_costs(other) == plan_costs(plan)
    assert same(simulate(other, words, BACK_TO_BACK), simulate(plan, words, BACK_TO_BACK))
    save(other, tmp_path)
    assert same(load(tmp_path), other)


def test_an_engine_for_several_nodes_is_another_plan(tmp_path: Path) -> None:
    """It is saved, loaded, folded and computed; whoever cannot build or time it says so."""
    plan = shared()
    words = random_words(np.random.default_rng(0), plan.graph, 2)
    save(plan, tmp_path)
    again = load(tmp_path)
    assert same(again, plan) and {s.folding for s in again.stages} == {plan.engines["engine"]}
    assert np.array_equal(golden.integers(again.graph, words), golden.integers(plan.graph, words))
    refusing: tuple[Callable[[], object], ...] = (
        lambda: verilog_text(again),
        lambda: simulate(again, words, BACK_TO_BACK),
        lambda: project.texts(again),
        lambda: plan_costs(again),
        lambda: network_interval(again),
    )
    for refuses in refusing:
        with pytest.raises(UnsupportedError, match="engine engine: expected one node, found "):
            refuses()


def test_programs_that_fit_no_plan() -> None:
    plan = next(plan for plan in map(random_plan, range(99)) if len(plan.stages) > 2)
    first, *rest = plan.program
    for program, message in (
        (tuple(rest), "expected one step for each of"),
        ((first, first, *rest), "expected one step for each of"),
        ((replace(first, engine="none"), *rest), "expected an engine of"),
        ((replace(first, node="none"), *rest), "expected one step for each of"),
        ((*rest, first), "in this order"),
        ((replace(first, engine=rest[0].engine), *rest), f"found none for {first.engine}"),
    ):
        with pytest.raises(SpikeLoomError, match=message):
            _ = replace(plan, program=program).foldings


def test_a_file_without_a_program_is_refused(tmp_path: Path) -> None:
    save(random_plan(3), tmp_path)
    path = tmp_path / PLAN_FILE
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"program": []}))
    with pytest.raises(SpikeLoomError, match="program: expected a step for every node, found none"):
        load(tmp_path)
