"""The fastest plan that fits: within what may be used, never slower where more may be used, refused
where nothing fits.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.interface.boards import BOARDS, find_board
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate
from spikeloom.mapping.estimate.cycles import limits, network_interval
from spikeloom.mapping.plan.plan import Folding
from spikeloom.mapping.search.budget import NAMES, allowed, budget, exceeded, over, tightest, total
from spikeloom.mapping.search.schedule import Goal, admit, schedule

from tests.networks import random_graph, random_words


def chain(*channels: int, side: int = 6) -> Graph:
    """3x3 convolutions with padding, of so many channels."""
    rng = np.random.default_rng(0)
    nodes: list[Input | Layer] = [
        Input("x", (channels[0], side, side), (channels[0], side, side), Code(2))
    ]
    for k, (inputs, outputs) in enumerate(zip(channels, channels[1:], strict=False)):
        zero = np.zeros(outputs, dtype=np.int64)
        weight = rng.integers(-2, 2, (outputs, inputs, 3, 3))
        neuron = SpikePack(Code(2), zero + 9, zero)
        nodes.append(
            Layer(
                f"conv{k}", nodes[-1].name, weight, neuron, zero, zero, zero, padding=(1, 1, 1, 1)
            )
        )
    return Graph("chain", tuple(nodes))


@pytest.mark.parametrize("seed", range(6))
def test_it_fits_and_more_room_is_never_slower(seed: int) -> None:
    graph, reached = random_graph(seed, 3), np.inf
    for share in (0.2, 0.4, 0.7, 0.85, 1.0):
        try:
            plan = schedule(graph, "pynq-z2", max_throughput=True, share=share)
        except CapacityError:
            assert reached == np.inf
            continue
        assert not over(total(plan), allowed(find_board("pynq-z2"), share))
        assert network_interval(plan) <= reached * 1.0051  # goals are half a percent apart
        reached = min(reached, network_interval(plan))
    assert reached < np.inf


def test_a_larger_board_is_never_slower() -> None:
    graph = chain(8, 16, 16, side=4)
    small, large = (
        schedule(graph, board, max_throughput=True, clock_mhz=100.0)
        for board in ("pynq-z2", "zcu104")
    )
    assert network_interval(large) <= network_interval(small)


@pytest.mark.parametrize("seed", range(2))
def test_what_is_fastest_is_reached_as_a_target_and_little_more_is_not(seed: int) -> None:
    graph = chain(8, [16, 24][seed], 16, [8, 10][seed])
    board = "pynq-z2"
    best = schedule(graph, board, max_throughput=True, share=0.3)
    fps = best.clock_mhz * 1e6 / network_interval(best)
    plan = schedule(graph, board, target_fps=fps * 0.999, share=0.3)
    assert plan.clock_mhz * 1e6 / network_interval(plan) >= fps * 0.999
    if tightest(total(best), allowed(find_board(board), 0.3))[1] > 0.8:
        with pytest.raises(CapacityError, match="frames per second are not reached"):
            schedule(graph, board, target_fps=fps * 1.5, share=0.3)


def test_no_layer_waits_much_longer_than_it_must() -> None:
    """A stage that is twice as fast as the network could be half as large: its next smaller folding
    would be too slow.
    """
    graph = chain(8, 32, 16, 16)
    plan = schedule(graph, "pynq-z2", max_throughput=True, share=0.5)
    goal = network_interval(plan)
    for stage in plan.stages:
        own = [limit.cycles for limit in limits(plan) if limit.stage == stage.name]
        assert max(own) > goal / 3


def test_the_simulated_interval_is_near_the_estimated_one() -> None:
    graph = chain(8, 16, 16, 8)
    words = random_words(np.random.default_rng(0), graph, 6, 0.3)
    plan = schedule(graph, "pynq-z2", words=words, max_throughput=True, share=0.3)
    timing = simulate(plan, words, BACK_TO_BACK)
    assert abs(np.diff(timing.last)[2:].mean() / network_interval(plan) - 1) < 0.25


def test_numbers_set_by_hand_stay_and_the_others_are_chosen_around_them() -> None:
    graph = chain(8, 16, 16, 8)
    free = schedule(graph, "pynq-z2", max_throughput=True, share=0.3)
    hand = {"conv1": {"elements": 2, "weights": "lut"}}
    plan = schedule(graph, "pynq-z2", max_throughput=True, share=0.3, overrides=hand)
    assert plan.foldings["conv1"] == Folding("event", 16, elements=2, weights="lut")
    assert network_interval(plan) >= network_interval(free)
    slowest = max(limits(plan), key=lambda limit: limit.cycles)
    assert slowest.stage == "conv1"
    # The others need no more than that stage lets them.
    assert total(plan).lut < total(free).lut


def test_a_refusal_says_what_it_needs_what_is_reached_and_what_binds() -> None:
    graph = chain(8, 32, 32, 8)
    with pytest.raises(CapacityError) as caught:
        schedule(graph, "pynq-z2", target_fps=250_000, share=0.2)
    text = str(caught.value)
    found = re.search(r"the smallest plan needs (\d+) LUT of (\d+)", text)
    assert (
        "\n" not in text
        and found is not None
        and int(found[1]) > int(found[2]) == int(53_200 * 0.2)
    )
    best = re.search(r"the best estimate is (\d+) at 100 MHz, (\d+) cycles an image", text)
    assert best is not None
    plan = schedule(graph, "pynq-z2", max_throughput=True, share=0.2)
    assert abs(network_interval(plan) - int(best[2])) <= 1
    assert any(f"more {name} would make it faster" in text for name in NAMES.values())


def test_what_no_folding_reaches_is_told() -> None:
    with pytest.raises(CapacityError, match="no folding is that fast"):
        schedule(chain(8, 16), "zcu104", target_fps=1e9)


def test_a_network_that_is_too_large_is_refused_at_once() -> None:
    graph = chain(64, 768, 768)
    for goal in (Goal(), Goal(max_throughput=True), Goal(target_fps=1.0)):
        with pytest.raises(
            CapacityError, match="the smallest plan is estimated at .* RAMB18, more than"
        ):
            admit(graph, "pynq-z2", goal=goal)
    with pytest.raises(CapacityError, match="the smallest plan is estimated at"):
        schedule(graph, "pynq-z2", max_throughput=True)


def test_goals_that_are_none() -> None:
    for wrong in ({"target_fps": 1.0, "max_throughput": True}, {"share": 0.5}):
        with pytest.raises(SpikeLoomError, match="target or the largest throughput"):
            schedule(chain(8, 16), "pynq-z2", **wrong)  # type: ignore[arg-type]
    for share in (0, -1.0, 1.5, float("nan"), "half", True):
        with pytest.raises(SpikeLoomError, match="share: expected a number above 0 and up to 1"):
            schedule(chain(8, 16), "pynq-z2", max_throughput=True, share=share)  # type: ignore[arg-type]


def test_the_same_plan_every_time() -> None:
    graph = random_graph(7, 3)
    assert (
        schedule(graph, "zcu104", max_throughput=True).foldings
        == schedule(graph, "zcu104", max_throughput=True).foldings
    )


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    schedule(
        chain(8, 16),
        "pynq-z2",
        max_throughput=True,
        progress=lambda what, done, whole: seen.append((done, whole)),
    )
    assert (
        len(seen) > 3
        and all(0 <= done < whole for done, whole in seen)
        and [done for done, _ in seen] == sorted(done for done, _ in seen)
    )


def test_what_is_tight_and_what_is_too_much() -> None:
    board = BOARDS["pynq-z2"]
    most = budget(board, 0.5)
    need = replace(most, lut=most.lut + 1, bram18=most.bram18 * 2)
    assert (
        exceeded(need, most)
        == f"{most.lut + 1} LUT of {most.lut} and {2 * most.bram18} RAMB18 of {most.bram18}"
    )
    assert tightest(need, most) == ("RAMB18", 2.0)
    assert tightest(replace(most, uram=1), most) == ("UltraRAM", 2.0)
    assert allowed(board, 0.5).bram18 == int(280 * 0.9) and allowed(board, 0.95).bram18 == int(
        280 * 0.95
    )
