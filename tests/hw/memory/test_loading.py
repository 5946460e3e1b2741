"""Weights at run time: hardware made for one network, loaded with another one of the same shape, is
the other one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from amaranth import Fragment
from spikeloom.errors import CapacityError, SpikeLoomError, UnsupportedError
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Neuron, Raw, SpikePack, Thresholds
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code, Ints
from spikeloom.mapping.cycle_model import simulate
from spikeloom.mapping.plan.checksums import checksums
from spikeloom.mapping.plan.headroom import Room, fitted, scaled, with_room
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom_hw.emit import verilog_text
from spikeloom_hw.memory.loading import load_stream
from spikeloom_hw.top import Top

from tests.hw.bench import run
from tests.network_layers import Rng, plan_of, random_words
from tests.networks import random_plan


def roomy(seed: int) -> Plan | None:
    """A random plan whose weights can be loaded; None where the room does not fit the widest
    accumulator.
    """
    plan = random_plan(seed)
    graph, rooms = with_room(plan.graph)
    try:
        made = replace(plan, graph=graph, rooms=rooms)
        _ = made.stages
        return made
    except CapacityError:
        return None


SEEDS = [seed for seed in range(40) if (made := roomy(seed)) is not None and made.rooms][:10]


def other_neuron(rng: Rng, neuron: Neuron, room: Room) -> Neuron:
    channels = len(neuron.theta) if isinstance(neuron, SpikePack | LIF) else 0
    theta = rng.integers(1, max(2, min(room.theta_bound, 1 << 40)), channels)
    if isinstance(neuron, SpikePack):
        # Small thresholds now and then, so that words are not all zero.
        theta = np.where(rng.random(channels) < 0.7, np.maximum(1, theta >> 3), theta)
        return replace(
            neuron,
            theta=theta,
            tie=rng.integers(0, 2, channels) if neuron.code.base == 2 else neuron.tie,
        )
    if isinstance(neuron, LIF):
        return replace(neuron, theta=np.maximum(1, theta >> 2))
    if isinstance(neuron, Thresholds):
        return replace(neuron, thresholds=neuron.thresholds + rng.integers(-3, 4))
    return neuron


def other(rng: Rng, plan: Plan) -> Graph:
    """A network of the same shape, every number drawn anew within its room."""
    nodes = []
    for node in plan.graph.nodes:
        if not isinstance(node, Layer):
            nodes.append(node)
            continue
        room, channels = plan.rooms[node.name], len(node.beta)
        half = 1 << (room.weight_width - 1)
        small = max(1, room.beta_bound >> 3)
        nodes.append(
            replace(
                node,
                weight=rng.integers(-half, half, node.weight.shape),
                beta=rng.integers(-small, small + 1, channels),
                negate=rng.integers(0, 2, channels),
                kappa=rng.integers(-room.kappa_bound, room.kappa_bound + 1, channels),
                neuron=other_neuron(rng, node.neuron, room),
            )
        )
    return replace(plan.graph, nodes=tuple(nodes))


def outputs(graph: Graph, words: Ints) -> Ints:
    """Words, or integers, as they leave the hardware."""
    return golden.trace(graph, words)[graph.output.name]


def stream_for(plan: Plan) -> list[int]:
    top = Top(plan)
    Fragment.get(top, None)
    return [int(word) for word in load_stream(top.contents())]


@pytest.mark.parametrize("seed", SEEDS)
def test_loaded_network_is_the_other_network(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = roomy(seed)
    assert plan is not None
    graph = fitted(plan.graph, plan.rooms, other(rng, plan))
    words = random_words(rng, graph, 2)
    result = run(plan, words, load=stream_for(replace(plan, graph=graph)), seed=seed)
    assert np.array_equal(result.values, outputs(graph, words))


@pytest.mark.parametrize("seed", SEEDS[:8])
def test_room_changes_no_number(seed: int) -> None:
    """Neither in golden nor in the hardware, whose initial weights are those of the plan."""
    before, plan = random_plan(seed), roomy(seed)
    assert plan is not None
    words = random_words(np.random.default_rng(seed), plan.graph, 2)
    expected = outputs(before.graph, words)
    assert np.array_equal(outputs(plan.graph, words), expected)
    assert np.array_equal(run(plan, words).values, expected)


def test_all_seeds_differ_from_their_first_weights() -> None:
    """The other networks are really others: else the first test shows nothing."""
    differing = 0
    for seed in SEEDS[:8]:
        rng, plan = np.random.default_rng(seed), roomy(seed)
        assert plan is not None
        graph = other(rng, plan)
        words = random_words(rng, graph, 2)
        differing += not np.array_equal(outputs(graph, words), outputs(plan.graph, words))
    assert differing >= 7


def layer_of(plan: Plan) -> Layer:
    return next(
        node
        for node in plan.graph.nodes
        if isinstance(node, Layer) and not isinstance(node.neuron, Raw)
    )


def with_layer(graph: Graph, layer: Layer) -> Graph:
    return replace(
        graph, nodes=tuple(layer if node.name == layer.name else node for node in graph.nodes)
    )


def test_what_does_not_fit_is_refused_by_name() -> None:
    plan = next(
        p for seed in SEEDS if (p := roomy(seed)) and isinstance(layer_of(p).neuron, SpikePack)
    )
    layer, room = layer_of(plan), plan.rooms[layer_of(plan).name]
    assert isinstance(layer.neuron, SpikePack)
    for changed, what in (
        (replace(layer, weight=layer.weight * 0 + (1 << room.weight_width)), "weights"),
        (replace(layer, beta=layer.beta * 0 + room.beta_bound + 1), "biases"),
        (
            replace(
                layer,
                neuron=replace(layer.neuron, theta=layer.neuron.theta * 0 + room.theta_bound + 1),
            ),
            "thresholds",
        ),
        (scaled(layer, 1), "fraction bits"),
    ):
        with pytest.raises(CapacityError, match=f"^{layer.name}: .*{what}"):
            fitted(plan.graph, plan.rooms, with_layer(plan.graph, changed))
    with pytest.raises(UnsupportedError, match=layer.name):
        fitted(
            plan.graph,
            plan.rooms,
            with_layer(plan.graph, replace(layer, weight=layer.weight[:, :, :, :0])),
        )


def test_fewer_fraction_bits_are_the_same_network() -> None:
    """A retrained layer that needs fewer of them is brought to those of the hardware, and no output
    changes.
    """
    for seed in SEEDS[:10]:
        before, plan = random_plan(seed), roomy(seed)
        assert plan is not None
        graph = fitted(plan.graph, plan.rooms, before.graph)
        assert [n.shift for n in graph.nodes if isinstance(n, Layer)] == [
            n.shift for n in plan.graph.nodes if isinstance(n, Layer)
        ]
        words = random_words(np.random.default_rng(seed), graph, 2)
        assert np.array_equal(outputs(graph, words), outputs(before.graph, words))


def test_leak_is_not_scaled() -> None:
    rounds = [
        n
        for seed in range(40)
        for n in random_plan(seed).graph.nodes
        if isinstance(n, Layer) and isinstance(n.neuron, LIF) and n.neuron.leak
    ]
    assert rounds
    with pytest.raises(SpikeLoomError, match="fraction bits are fixed"):
        scaled(rounds[0], 1)


def test_crc_follows_the_words() -> None:
    """With loadable weights every layer's CRC is the golden model's, and the cycle model's counters
    are all there.
    """
    for seed in SEEDS[:4]:
        plan = roomy(seed)
        assert plan is not None
        words = random_words(np.random.default_rng(seed), plan.graph, 3)
        expected = checksums(plan, golden.trace(plan.graph, words))
        result = run(plan, words, single=True, idle=0.3, stall=0.3, seed=seed)
        assert {name: result.counters[name] for name in expected} == expected
        assert {name for name in simulate(plan, words).counters()} == set(result.counters)
        assert not any(
            name.endswith(".crc") for name in simulate(random_plan(seed), words).counters()
        )


def test_a_beat_of_many_words_has_a_crc() -> None:
    """A CRC is one expression, as deep as the beat is wide: 512 bits here."""
    zero = np.zeros(4, dtype=np.int64)
    layer = Layer("fc", "x", np.ones((4, 64, 1, 1), dtype=np.int64), Raw(None), zero, zero, zero)
    graph, rooms = with_room(Graph("wide", (Input("x", (64, 1, 1), (64,), Code(8)), layer)))
    assert "module top" in verilog_text(
        replace(plan_of(graph, {"fc": Folding("event", 64)}), rooms=rooms)
    )
