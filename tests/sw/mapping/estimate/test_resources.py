"""The cost model against what Yosys made of the calibration set, and against itself."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from spikeloom.backend.yosys import yosys
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.boards import find_board
from spikeloom.mapping.estimate import resources
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.resources import (
    FILE,
    Model,
    added,
    model,
    plan_costs,
    plan_parts,
    read,
)
from spikeloom.mapping.plan.plan import Plan

from tests.default_networks import DENSITY, FOLDINGS, default_graph
from tests.networks import random_plan
from tests.synthesis import calibrate
from tests.synthesis.matching import Match
from tests.synthesis.wide import wide


@cache
def data() -> dict:
    return calibrate.load()


@cache
def components() -> tuple[Match, ...]:
    return tuple(calibrate.components(data()))


def default_plan(name: str, board: str = "pynq-z2") -> Plan:
    return Plan(default_graph(name), FOLDINGS[name], board, 100.0, DENSITY[name], "calibration")


def test_the_set_is_whole_and_of_the_installed_yosys() -> None:
    names = {choice.name for choice in calibrate.chosen()}
    assert set(data()["components"]) == names and len(names) > 100
    assert set(data()["wide"]) == {body.name for body in wide()}
    assert set(data()["shells"]) == set(calibrate.SHELLS) and len(data()["trained"]) == 4
    assert data()["yosys"] == yosys.version()


def test_the_coefficients_are_those_of_the_set() -> None:
    made = calibrate.fit(data())
    assert json.loads(FILE.read_text(encoding="utf-8")) == {
        "how": made.how,
        "lut": made.lut,
        "ff": made.ff,
    }


def test_every_kind_of_part_has_coefficients() -> None:
    known = set(model().lut)
    assert {part.kind for seed in range(60) for part in plan_parts(random_plan(seed))} <= known


def test_luts_of_random_components() -> None:
    errors = np.abs(
        [calibrate.error([match], model()) for match in components() if match.taken.lut >= 50]
    )
    assert np.quantile(errors, 0.5) < 0.085 and np.quantile(errors, 0.9) < 0.26, errors


def test_wide_bodies() -> None:
    """Many lanes and elements, weights in LUTs and in block RAM, heads and scans: what large
    networks are made of.
    """
    found = calibrate.wide_bodies(data())
    assert len(found) == len(wide()) and {
        body.folding.weights for body in wide() if body.what == "body"
    } == {"lut", "block"}
    errors = np.abs([calibrate.error([match], model()) for match in found])
    assert (
        np.quantile(errors, 0.5) < 0.07 and np.quantile(errors, 0.9) < 0.15 and errors.max() < 0.25
    ), errors
    for match in found:
        (part,) = match.parts
        assert (part.memory.bram18, part.dsp) == (match.taken.ramb18, match.taken.dsp)
        assert abs(added([part]).ff - match.taken.ff) <= 0.01 * match.taken.ff + 2, match.taken


def test_memories_and_multipliers_exactly() -> None:
    """Block RAM and multipliers everywhere, LUTs as memory in all but two sources, for which Yosys
    takes fewer.
    """
    others = 0
    for match in (
        *components(),
        *(match for network in calibrate.trained(data()) for match in network.matches()),
    ):
        found = added(match.parts)
        assert (found.bram18, found.dsp, found.uram) == (
            match.taken.ramb18,
            match.taken.dsp,
            match.taken.uram,
        ), match.name
        lutram = sum(part.memory.lutram for part in match.parts)
        assert lutram >= match.taken.lutram, match.name
        others += lutram != match.taken.lutram
    assert others <= 2


def test_registers_of_random_components() -> None:
    real = np.array([match.taken.ff for match in components()])
    errors = np.array([added(match.parts).ff for match in components()]) - real
    assert np.quantile(np.abs(errors) / (real + 10), 0.75) < 0.1
    assert errors.min() > -20, "registers that are counted may vanish in Yosys, none may appear"


@pytest.mark.parametrize(
    "network", calibrate.trained(calibrate.load()), ids=lambda network: network.name
)
def test_trained_networks(network: calibrate.Trained) -> None:
    """Layers within 20 % in LUTs, networks within 5 %; registers of networks within 2 %."""
    assert abs(calibrate.error(network.matches(), model())) < 0.05
    real = sum(match.taken.ff for match in network.matches())
    assert abs(added(network.parts).ff - real) < 0.02 * real
    errors = calibrate.layer_errors([network], model())
    assert max(abs(error) for error in errors.values()) < 0.2, errors


def test_trained_networks_are_told_from_random_components_alone() -> None:
    """The model is no list of what it was fitted to: layers it has never seen come out, too."""
    trained = calibrate.trained(data())
    plumbing = [
        match
        for network in trained
        for match in network.matches()
        if match.kind in ("fifo", "fork", "regroup")
    ]
    blind = calibrate.fitted(
        [*components(), *calibrate.wide_bodies(data()), *calibrate.shells(data()), *plumbing]
    )
    for network in trained:
        assert abs(calibrate.error(network.matches(), blind)) < 0.12, network.name


def test_the_shell() -> None:
    for match in calibrate.shells(data()):
        found = added(match.parts)
        assert found.bram18 == match.taken.ramb18
        assert (
            abs(found.lut - match.taken.lut) < 0.1 * match.taken.lut
            and abs(found.ff - match.taken.ff) < 0.1 * match.taken.ff
        )


@pytest.mark.parametrize("name", list(DENSITY))
def test_what_a_plan_costs_is_the_sum_of_its_parts(name: str) -> None:
    plan = default_plan(name)
    costs = plan_costs(plan)
    assert list(costs) == ["shell", "network", *(stage.name for stage in plan.stages)]
    total = sum(costs.values(), Cost())
    whole = added(plan_parts(plan))
    assert replace(total, lut=0, ff=0) == replace(whole, lut=0, ff=0)
    assert abs(total.lut - whole.lut) < len(costs) and abs(total.ff - whole.ff) < len(costs)


@pytest.mark.parametrize("seed", range(40))
def test_more_side_by_side_is_never_cheaper(seed: int) -> None:
    """More windows, or a second port: everything that is there is there again, or more."""
    plan = random_plan(seed)
    for stage in plan.stages:
        before = resources.stage_cost(stage)
        f = stage.folding
        trials = [
            replace(f, windows=n)
            for n in range(f.windows + 1, stage.o_shape[2] + 1)
            if stage.o_shape[2] % n == 0
        ][:1]
        trials += [replace(f, ports=2)] if f.body == "event" and f.ports == 1 else []
        for trial in trials:
            after = resources.stage_cost(replace(stage, folding=trial))
            assert after.lut + after.ff >= before.lut + before.ff or after.bram18 > before.bram18, (
                stage.name,
                trial,
            )
            assert after.dsp >= before.dsp


@pytest.mark.parametrize("body", ["conv2", "pointwise"])
def test_more_elements_are_never_cheaper(body: str) -> None:
    """In layers of the usual kind, with as many neuron units per element."""
    stage = default_plan("digits-cnn")[body]
    costs = []
    for elements in (1, 2, 4, 8, 16):
        cost = resources.stage_cost(
            replace(stage, folding=replace(stage.folding, elements=elements, neurons=elements))
        )
        costs.append(cost.lut + cost.ff)
    assert costs == sorted(costs)


def test_no_coefficient_is_below_zero() -> None:
    known = model()
    assert all(
        value > 0
        for table in (known.lut, known.ff)
        for row in table.values()
        for value in row.values()
    )


@pytest.mark.parametrize("name", list(DENSITY))
def test_a_wide_memory_port_costs_more(name: str) -> None:
    narrow, wide = plan_costs(default_plan(name)), plan_costs(default_plan(name, "zcu104"))
    assert find_board("zcu104").memory_width > find_board("pynq-z2").memory_width
    assert wide["shell"].bram18 > narrow["shell"].bram18 and wide["shell"].ff > narrow["shell"].ff


@pytest.mark.parametrize(
    "damage",
    [{}, {"how": "h", "lut": {"a": {"b": "c"}}, "ff": {}}, {"how": "h", "lut": [], "ff": {}}, []],
)
def test_damaged_coefficients_are_told(
    damage: object, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    (tmp_path / "coefficients.json").write_text(json.dumps(damage), encoding="utf-8")
    monkeypatch.setattr(resources, "FILE", tmp_path / "coefficients.json")
    model.cache_clear()
    try:
        with pytest.raises(
            SpikeLoomError, match="coefficients.json: expected coefficients of the cost model"
        ):
            model()
    finally:
        model.cache_clear()


def test_coefficients_are_read() -> None:
    assert read({"how": "so", "lut": {"fifo": {"one": 2}}, "ff": {}}) == Model(
        {"fifo": {"one": 2.0}}, {}, "so"
    )
