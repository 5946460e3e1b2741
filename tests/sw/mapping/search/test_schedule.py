"""The scheduler: legal plans that meet their target by estimate, estimates that hold, refusals in
one line.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.interface.boards import BOARDS, find_board
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw, SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate
from spikeloom.mapping.estimate.cycles import expected_cycles, limits, network_interval, word_cost
from spikeloom.mapping.estimate.resources import plan_costs
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom.mapping.plan.plan_file import PLAN_FILE, WEIGHTS_FILE, save
from spikeloom.mapping.search.budget import TARGET_SHARE, budget, over, total
from spikeloom.mapping.search.modest import MODEST_INTERVAL, doubled
from spikeloom.mapping.search.overrides import first_foldings
from spikeloom.mapping.search.schedule import admit, density_of, explain, read_overrides, schedule

from tests.default_networks import DENSITY, FOLDINGS, default_graph
from tests.networks import plan_of, random_graph, random_words


def linear(inputs: int, outputs: int, source: Input | None = None) -> Graph:
    """One layer of integers out."""
    rng, zero = np.random.default_rng(0), np.zeros(outputs, dtype=np.int64)
    first = source or Input("x", (inputs, 1, 1), (inputs,), Code(4))
    weight = rng.integers(-8, 8, (outputs, inputs, 1, 1))
    return Graph("linear", (first, Layer("fc", "x", weight, Raw(None), zero, zero, zero)))


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_get_a_legal_plan_that_runs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_graph(rng)
    words = random_words(rng, graph, 3)
    plan = schedule(graph, str(rng.choice(sorted(BOARDS))), words=words)
    assert (
        {stage.name for stage in plan.stages}
        == plan.foldings.keys()
        == {row.stage for row in explain(plan)}
    )
    board = find_board(plan.board)
    assert not over(total(plan), budget(board, 0.5))
    timing = simulate(plan, words, BACK_TO_BACK)
    assert set(timing.stages) >= plan.foldings.keys()


@pytest.mark.parametrize("seed", range(12))
def test_a_higher_target_is_met_or_refused(seed: int) -> None:
    graph = random_graph(seed, 3)
    reached = 0.0
    for target in (1e3, 1e4, 1e5, 1e6, 1e7):
        try:
            plan = schedule(graph, "zcu104", target_fps=target)
        except CapacityError as error:
            assert "\n" not in str(error) and "frames per second" in str(error)
            return
        interval = network_interval(plan)
        assert plan.clock_mhz * 1e6 / interval >= target
        assert 1 / interval >= reached
        reached = 1 / interval
    raise AssertionError("ten million frames per second cannot be")


@pytest.mark.parametrize("name", list(DENSITY))
def test_default_networks_keep_the_plans_that_were_measured(name: str) -> None:
    """The README's figures are of these foldings."""
    assert schedule(default_graph(name), "pynq-z2", DENSITY[name]).foldings == FOLDINGS[name]


def test_shell_and_counters_are_in_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board with room for the layers alone is too small."""
    plan = schedule(linear(64, 16), "pynq-z2")
    costs = plan_costs(plan)
    layers, everything = costs["fc"], total(plan)
    assert (
        everything.lut == layers.lut + costs["shell"].lut + costs["network"].lut
        and costs["shell"].lut > 1500
    )
    smallest = plan_costs(
        Plan(plan.graph, first_foldings(plan.graph, {})[0], "pynq-z2", 100.0, {}, "")
    )
    need = sum(cost.lut for cost in smallest.values())
    for share, fits in ((1.02, True), (0.98, False), (smallest["fc"].lut / need * 1.02, False)):
        board = replace(BOARDS["pynq-z2"], lut=int(need * share / TARGET_SHARE))
        monkeypatch.setitem(BOARDS, "pynq-z2", board)
        if fits:
            admit(plan.graph, "pynq-z2")
        else:
            with pytest.raises(CapacityError, match="the smallest plan is estimated at"):
                admit(plan.graph, "pynq-z2")


def test_without_target_growth_stops_where_it_is_modest() -> None:
    graph = linear(256, 64)
    plan = schedule(graph, "pynq-z2")
    assert network_interval(plan) <= MODEST_INTERVAL
    smaller = schedule(
        graph, "pynq-z2", overrides={"fc": {"elements": plan["fc"].folding.elements // 2}}
    )
    assert network_interval(smaller) > MODEST_INTERVAL or plan["fc"].folding.ports > 1


@pytest.mark.parametrize(
    "folding",
    [
        Folding("event", 24, 1, 1, 4),
        Folding("event", 48, 2, 1, 8),
        Folding("event", 48, 4, 2, 2),
        Folding("dense", 12, elements=4),
        Folding("parallel", 4, elements=8),
    ],
)
@pytest.mark.parametrize("density", [0.1, 0.25, 0.5])
def test_expected_cycles_are_near_the_simulated_ones(folding: Folding, density: float) -> None:
    graph = linear(96, 8)
    plan = plan_of(graph, {"fc": folding})
    words = random_words(np.random.default_rng(1), graph, 40, density)
    busy = simulate(plan, words, BACK_TO_BACK).stages["fc"].busy / 40
    expected = expected_cycles(plan["fc"], density)
    if folding.body == "event":
        assert abs(expected - busy) < 0.1 * busy
    else:
        assert expected == busy


def test_word_cost_is_the_mean_over_all_words() -> None:
    costs = [max(1, -(-word.bit_count() // 2)) for word in range(256)]
    mean, variance = word_cost(8, 2, 0.5)
    assert mean == np.mean(costs) and np.isclose(variance, np.var(costs))


def test_density_is_measured_or_said_to_be_assumed() -> None:
    graph = linear(32, 4)
    words = random_words(np.random.default_rng(0), graph, 5)
    assert density_of(graph, golden.trace(graph, words)) == {
        "x": round(float(Code(4).planes(words).mean()), 6)
    }
    assert "assumed" in schedule(graph, "pynq-z2").density_source
    assert "calibration" in schedule(graph, "pynq-z2", {"x": 0.5}).density_source


def test_the_same_plan_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(schedule(random_graph(5, 3), "pynq-z2", target_fps=20_000), tmp_path / name)
    for file in (PLAN_FILE, WEIGHTS_FILE):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_overrides_are_kept() -> None:
    graph = linear(32, 8)
    plan = schedule(
        graph,
        "pynq-z2",
        overrides={"fc": {"body": "dense", "group": 4, "elements": 2}},
        target_fps=1_000,
    )
    assert plan.foldings["fc"] == Folding("dense", 4, elements=2)


def test_one_number_of_a_depthwise_body_sets_both() -> None:
    zero, weight = np.zeros(8, dtype=np.int64), np.ones((8, 1, 3, 3), dtype=np.int64)
    graph = Graph(
        "dw",
        (
            Input("x", (8, 4, 4), (8, 4, 4), Code(2)),
            Layer("dw", "x", weight, Raw(None), zero, zero, zero, groups=8),
        ),
    )
    plan = schedule(graph, "pynq-z2", overrides={"dw": {"elements": 4}})
    assert plan.foldings["dw"] == Folding("depthwise", 4, elements=4)
    assert plan.edges[0].o_group == 4


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"conv9": {"elements": 2}}, ("conv9", "fc")),
        ({"fc": {"element": 2}}, ("fc", "elements", "element")),
        ({"fc": {"elements": 3}}, ("fc", "elements", "8", "3")),
        ({"fc": {"elements": "4"}}, ("fc", "elements", "'4'")),
        ({"fc": {"elements": 0}}, ("fc", "elements", "0")),
        ({"fc": {"elements": True}}, ("fc", "elements", "True")),
        ({"fc": {"body": "magic"}}, ("fc", "event", "magic")),
        ({"fc": {"body": "depthwise"}}, ("fc", "depthwise")),
        ({"fc": [1, 2]}, ("fc", "[1, 2]")),
    ],
)
def test_overrides_that_are_not_legal(overrides: dict[str, object], words: tuple[str, ...]) -> None:
    with pytest.raises(SpikeLoomError) as error:
        schedule(linear(32, 8), "pynq-z2", overrides=overrides)  # type: ignore[arg-type]
    message = str(error.value)
    assert "\n" not in message and all(word in message for word in words), message


def test_overrides_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "folding.json"
    path.write_text(json.dumps({"fc": {"elements": 4}}))
    assert (
        schedule(linear(32, 8), "pynq-z2", overrides=read_overrides(path)).foldings["fc"].elements
        == 4
    )
    for broken in ("[]", "{", ""):
        path.write_text(broken)
        with pytest.raises(SpikeLoomError, match="folding.json"):
            read_overrides(path)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(CapacityError, match="pynq-z2"):
        schedule(linear(2048, 1024), "pynq-z2")
    with pytest.raises(CapacityError, match="fc, "):
        schedule(linear(512, 256), "pynq-z2", target_fps=1e7)


@pytest.mark.parametrize("target", [-1.0, 0.0, float("nan"), float("inf")])
def test_a_target_is_a_rate(target: float) -> None:
    with pytest.raises(SpikeLoomError, match="above zero"):
        schedule(linear(32, 8), "pynq-z2", target_fps=target)


@pytest.mark.parametrize("clock", [0.0, -5.0, 0.5, 1001.0, 1e9, float("nan"), float("inf")])
def test_a_clock_is_one_that_can_be(clock: float) -> None:
    with pytest.raises(
        SpikeLoomError, match="clock must be 1 to 1000 MHz, got .*; pynq-z2 usually runs at 100"
    ):
        schedule(linear(32, 8), "pynq-z2", clock_mhz=clock)
    assert schedule(linear(32, 8), "pynq-z2", clock_mhz=1.0).clock_mhz == 1.0


def test_a_target_out_of_reach_tells_the_best_one() -> None:
    """What is told as the best is reached when it is asked for."""
    with pytest.raises(
        CapacityError, match=r"1e\+12 frames per second are not reached on pynq-z2"
    ) as caught:
        schedule(linear(512, 256), "pynq-z2", target_fps=1e12)
    found = re.search(
        r"the best estimate is (\d+) at 100 MHz, (\d+) cycles an image", str(caught.value)
    )
    assert found is not None and abs(1e8 / int(found[1]) - int(found[2])) <= 0.5
    plan = schedule(linear(512, 256), "pynq-z2", target_fps=int(found[1]) * 0.999)
    assert network_interval(plan) <= int(found[2]) + 1


def test_unknown_board() -> None:
    with pytest.raises(SpikeLoomError, match="pynq-z2, zcu104"):
        schedule(linear(32, 8), "pynq-z3")


def test_output_of_a_map_limits_the_interval() -> None:
    graph = linear(4, 64, Input("x", (4, 8, 8), (4, 8, 8), Code(1)))
    plan = schedule(graph, "zcu104", overrides=None)
    slowest = max(limits(plan), key=lambda limit: limit.cycles)
    assert (slowest.what, slowest.cycles) == ("output", 64 * 64)


@pytest.mark.parametrize(
    ("board", "steps", "cycles"),
    [("pynq-z2", 16, 16), ("pynq-z2", 1, 1), ("zcu104", 16, 8), ("zcu104", 3, 2)],
)
def test_the_memory_port_limits_the_interval(board: str, steps: int, cycles: int) -> None:
    """One value out of 64 words, which share bytes where they are small."""
    graph = linear(64, 1, Input("x", (64, 1, 1), (64,), Code(steps)))
    plan = schedule(graph, board, target_fps=find_board(board).clock_mhz * 1e6 / cycles)
    assert max(limit.cycles for limit in limits(plan)) == cycles
    assert (
        next(
            limit.cycles
            for limit in limits(plan)
            if (limit.stage, limit.what) == ("x", "memory port")
        )
        == cycles
    )


def test_a_modest_plan_grows_no_further_than_the_memory_port_lets_it() -> None:
    graph = linear(23_040, 1, Input("x", (23_040, 1, 1), (23_040,), Code(8)))
    plan = schedule(graph, "pynq-z2", overrides={"fc": {"body": "parallel", "group": 32}})
    assert MODEST_INTERVAL < network_interval(plan) == 23_040 / 8
    assert max(limits(plan), key=lambda limit: limit.cycles).what == "memory port"


def test_a_target_beyond_the_memory_port_is_refused_and_the_fastest_plan_is_bound_by_it() -> None:
    graph = linear(64, 1, Input("x", (64, 1, 1), (64,), Code(8)))
    with pytest.raises(
        CapacityError,
        match="no folding is that fast, the memory port alone takes 8 cycles an image",
    ) as caught:
        schedule(graph, "pynq-z2", target_fps=1e8 / 7.9)
    assert "the best estimate is 12500000 at 100 MHz, 8 cycles an image (x, memory port);" in str(
        caught.value
    )
    plan = schedule(graph, "pynq-z2", max_throughput=True)
    slowest = max(limits(plan), key=lambda limit: limit.cycles)
    assert (slowest.what, network_interval(plan)) == ("memory port", 8)
    odd = linear(100, 1, Input("x", (100, 1, 1), (100,), Code(2)))
    with pytest.raises(
        CapacityError,
        match=r"the memory port alone takes 3\.125 cycles an image.* 32000000 at 100 MHz",
    ):
        schedule(odd, "pynq-z2", target_fps=1e8)


@pytest.mark.parametrize(
    ("value", "whole", "largest", "result"),
    [(1, 12, None, 2), (4, 12, None, 12), (12, 12, None, None), (2, 9, 8, 3)],
)
def test_doubled(value: int, whole: int, largest: int | None, result: int | None) -> None:
    assert doubled(value, whole, largest) == result


def test_a_wide_residual_is_no_output() -> None:
    """What joins a drive may be as wide as a drive; only the network's integer output is held to 32
    bits.
    """
    zero = np.zeros(2, dtype=np.int64)
    first = Layer(
        "a",
        "x",
        np.ones((2, 2, 1, 1), dtype=np.int64),
        SpikePack(Code(8), zero + 9, zero),
        zero,
        zero,
        zero,
    )
    wide = Layer(
        "b",
        "a",
        first.weight,
        SpikePack(Code(8), zero + (1 << 36), zero),
        zero,
        zero,
        zero + (1 << 30),
        skip="x",
    )
    graph = Graph("wide", (Input("x", (2, 1, 1), (2,), Code(8)), first, wide))
    plan = Plan(
        graph, {"a": Folding("event", 2), "b": Folding("event", 2)}, "pynq-z2", 100.0, {}, "none"
    )
    skip = plan["b"].skip_stage
    assert skip is not None and skip.acc_width > 32
