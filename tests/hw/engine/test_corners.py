"""Corners that random networks seldom reach, in Amaranth's simulator: values, times and counters,
free running and stalled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Neuron, Raw, SpikePack, Thresholds
from spikeloom.ir.nodes import Input, Layer, MaxPool, Node, SumPool
from spikeloom.ir.number import Code, Ints
from spikeloom.mapping.cycle_model import simulate
from spikeloom.mapping.cycle_model.timing import BACK_TO_BACK, ONE_AT_A_TIME
from spikeloom.mapping.plan.plan import Folding, Plan

from tests.hw.bench import run


def full(count: int, value: int = 0) -> Ints:
    return np.full(count, value, dtype=np.int64)


def layer(name: str, source: str, weight: Ints, neuron: Neuron, **other: Any) -> Layer:
    """A layer with beta, negate and kappa of zero unless given."""
    outputs = len(weight)
    parts = {"beta": full(outputs), "negate": full(outputs), "kappa": full(outputs), **other}
    return Layer(name, source, weight, neuron, **parts)


def pack(code: Code, outputs: int, theta: int) -> SpikePack:
    return SpikePack(code, full(outputs, theta), full(outputs))


def plan_of(nodes: list[Node], foldings: list[Folding]) -> Plan:
    names = [node.name for node in nodes[1:]]
    return Plan(
        Graph("corner", tuple(nodes)),
        dict(zip(names, foldings, strict=True)),
        "pynq-z2",
        100.0,
        {},
        "none",
    )


def entry(channels: int, height: int, width: int, code: Code) -> Input:
    return Input("x", (channels, height, width), (channels, height, width), code)


def some_words(plan: Plan, count: int, seed: int = 0) -> Ints:
    """Random words, with an image of zeros and one of ones among them."""
    source = plan.graph.input
    words = np.random.default_rng(seed).integers(0, 1 << source.code.steps, (count, *source.shape))
    words[0], words[count // 2] = 0, (1 << source.code.steps) - 1
    return words


def check(
    plan: Plan,
    count: int = 3,
    seed: int = 0,
    singles: tuple[bool, ...] = (False,),
    tail: bool = False,
) -> None:
    """With ``tail`` the last beats of an image are needed by no output: the bench stops before it
    has sent those of the last image.
    """
    graph, words = plan.graph, some_words(plan, count, seed)
    expected = golden.trace(graph, words)[graph.output.name]
    assert expected.min() != expected.max(), "a test that cannot fail"
    for single in singles:
        played = run(plan, words, single=single)
        timing = simulate(plan, words, ONE_AT_A_TIME if single else BACK_TO_BACK)
        assert np.array_equal(played.values, expected)
        assert (played.first, played.last) == (timing.first.tolist(), timing.last.tolist())
        counted = timing.counters()
        assert {n: c for n, c in played.counters.items() if not tail or n[:2] != "x."} == {
            n: c for n, c in counted.items() if not tail or n[:2] != "x."
        }
    stalled = run(plan, words, idle=0.3, stall=0.6, seed=seed)
    assert np.array_equal(stalled.values, expected)


def weights(*shape: int, low: int = -3, high: int = 4, seed: int = 1) -> Ints:
    return np.random.default_rng(seed).integers(low, high, shape)


@pytest.mark.parametrize("body", ["event", "dense", "parallel", "depthwise"])
@pytest.mark.parametrize("code", [Code(1), Code(1, signed=True), Code(1, 1)], ids=str)
def test_one_of_everything(body: str, code: Code) -> None:
    """One channel, one position, one plane, one output: every counter of the loop nest has length
    one.
    """
    if body == "parallel" and code.base == 1:
        code = Code(16)
    nodes: list[Node] = [
        entry(1, 1, 1, code),
        layer("a", "x", weights(1, 1, 1, 1, low=-1, high=0), Raw(None), beta=full(1, 5)),
    ]
    check(plan_of(nodes, [Folding(body, 1)]), count=12, singles=(True, False))


@pytest.mark.parametrize("value", [0, 1, -1, -3, -128])
def test_narrow_weights(value: int) -> None:
    """One bit of weight may be 0, or -1; accumulators of zero width must not come up either."""
    weight = full(2 * 3 * 3 * 3, value).reshape(2, 3, 3, 3)
    nodes: list[Node] = [
        entry(3, 3, 4, Code(2)),
        layer("a", "x", weight, Raw(None), beta=np.array([7, -8])),
    ]
    check(plan_of(nodes, [Folding("event", 3, 3, 2, 2, 2)]))


GEOMETRY = [
    ((7, 7), (1, 1), (3, 3), (0, 0, 0, 0)),
    ((8, 7), (2, 1), (5, 4), (0, 0, 1, 0)),
    ((9, 6), (1, 2), (4, 1), (0, 1, 0, 0)),
    ((2, 3), (4, 4), (1, 1), (3, 2, 2, 3)),
    ((1, 1), (3, 3), (1, 1), (1, 2, 2, 1)),
    ((1, 6), (5, 2), (2, 2), (4, 0, 4, 0)),
    ((3, 2), (5, 6), (3, 3), (4, 5, 3, 4)),
    ((2, 8), (2, 8), (1, 1), (0, 0, 0, 0)),
]


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), GEOMETRY)
def test_geometry(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
) -> None:
    """Strides beyond the kernel, kernels beyond the map, maps lower than the line buffer, one
    window and all windows of a row.
    """
    wise = layer(
        "a", "x", weights(2, 1, *kernel, low=1), Raw(None), stride=stride, padding=padding, groups=2
    )
    conv = layer("a", "x", weights(2, 2, *kernel), Raw(None), stride=stride, padding=padding)
    pool = MaxPool("a", "x", kernel, stride, padding, np.array([0, 1]))
    width = Graph("shape", (entry(2, *size, Code(2)), conv)).shapes["a"][2]
    for node, folding in (
        (wise, Folding("depthwise", 1, elements=1, windows=width)),
        (conv, Folding("event", 1)),
        (pool, Folding("max", 1, elements=1, windows=width)),
    ):
        check(plan_of([entry(2, *size, Code(2)), node], [folding]), tail=True)


WIDE = [
    (Code(16), "event"),
    (Code(16, signed=True), "parallel"),
    (Code(16, signed=True), "dense"),
    (Code(16, 1), "depthwise"),
    (Code(8, 16), "event"),
    (Code(16, 3), "dense"),
    (Code(1, 16), "depthwise"),
    (Code(5, 7), "event"),
]


@pytest.mark.parametrize(("code", "body"), WIDE, ids=str)
def test_many_steps_and_high_bases(code: Code, body: str) -> None:
    """The widest words, and a network that ends in a neuron."""
    groups = 4 if body == "depthwise" else 1
    weight = weights(4, 4 // groups, 2, 2)
    top = code.max_value
    out = Code(code.steps, max(2, code.base), code.signed)
    neuron = SpikePack(out, np.array([1, 2, 3, 5]), full(4))
    beta = np.array([0, -top // 2, top // 3, 5])
    node = layer("a", "x", weight, neuron, beta=beta, negate=np.array([0, 1, 1, 0]), groups=groups)
    folding = Folding(body, 2, elements=2, neurons=1, windows=1)
    check(plan_of([entry(4, 3, 3, code), node], [folding]))


@pytest.mark.parametrize("theta", [1, 1 << 33])
def test_thresholds_out_of_reach(theta: int) -> None:
    """Thresholds wider than the drive, which must compare as numbers."""
    thresholds = np.array([[-(1 << 40), -1, 1 << 40], [0, 0, 0], [-5, 3, 1 << 20], [2, 2, 9]])
    first = SpikePack(Code(4, 3), np.array([1, theta, 2, 7]), full(4))
    nodes: list[Node] = [
        entry(2, 2, 2, Code(3)),
        layer("a", "x", weights(4, 2, 1, 1), first),
        layer(
            "b",
            "a",
            weights(4, 4, 2, 2, seed=2),
            Thresholds(Code(2, signed=True), thresholds),
            beta=np.array([0, 0, 1, 2]),
        ),
    ]
    check(
        plan_of(nodes, [Folding("event", 2, 1, 1, 4, 2, 2), Folding("event", 4, 2, 2, 2, 1, 2)]),
        count=5,
    )


@pytest.mark.parametrize("steps", [1, 6])
def test_tables(steps: int) -> None:
    rows = np.sort(np.random.default_rng(4).integers(-30, 30, (6, (1 << steps) - 1)), axis=1)
    node = layer(
        "a", "x", weights(6, 3, 2, 2), Thresholds(Code(steps), rows), shift=1, beta=np.arange(-3, 3)
    )
    check(plan_of([entry(3, 3, 3, Code(3)), node], [Folding("event", 3, 1, 2, 6, 2, 3)]))


def test_wide_shift() -> None:
    node = layer(
        "a",
        "x",
        weights(2, 1, 1, 1, low=2),
        pack(Code(3, 2), 2, (1 << 24) + 1),
        shift=24,
        beta=np.array([1 << 25, -(1 << 25)]),
    )
    check(plan_of([entry(1, 2, 2, Code(4)), node], [Folding("event", 1, 1, 2, 2, 2, 1)]))


@pytest.mark.parametrize(
    ("leak", "hard", "theta"), [(20, False, 9), (1, True, 1), (3, False, 1 << 20), (0, True, 4)]
)
@pytest.mark.parametrize("base", [1, 2])
def test_lif_with_residual(leak: int, hard: bool, theta: int, base: int) -> None:
    """Both kinds of LIF, joined by a skip from the very node that feeds its synapses, on negative
    and positive currents.
    """
    neuron = LIF(Code(5, 1), np.array([theta, 3, 2, 5]), leak, hard)
    joined: dict[str, Any] = {
        "kappa": np.array([3, -2, 0, 1]),
        "beta": np.array([-1, 2, 0, 1]),
        "skip": "x",
    }
    node = layer("a", "x", weights(4, 4, 2, 3), neuron, padding=(1, 1, 0, 1), **joined)
    check(plan_of([entry(4, 2, 4, Code(5, base)), node], [Folding("event", 4, 2, 1, 4, 2, 2)]))


def test_three_branches() -> None:
    """One node feeds a layer, its residual and another residual; each branch regroups its own
    way.
    """
    code, six = Code(3), 6
    nodes: list[Node] = [
        entry(2, 3, 4, code),
        layer("a", "x", weights(six, 2, 1, 1), pack(code, six, 2)),
        layer(
            "b",
            "a",
            weights(six, six, 3, 3),
            pack(Code(2, 3), six, 4),
            padding=(1, 1, 1, 1),
            kappa=full(six, 2),
            skip="a",
        ),
        layer(
            "c",
            "b",
            weights(six, six, 3, 3, seed=3),
            Raw(None),
            padding=(1, 1, 1, 1),
            kappa=full(six, -1),
            skip="a",
        ),
    ]
    foldings = [
        Folding("event", 2, 1, 1, 2, 4),
        Folding("event", 3, 3, 1, 6, 2, 3),
        Folding("dense", 6, elements=3, windows=1),
    ]
    check(plan_of(nodes, foldings), count=2)


@pytest.mark.parametrize(
    "code", [Code(1), Code(1, signed=True), Code(4, 3), Code(4, 1), Code(16, signed=True)], ids=str
)
def test_pool_after_pool(code: Code) -> None:
    """Minimum, maximum and both signs, padded, behind one another."""
    nodes: list[Node] = [
        entry(3, 4, 5, code),
        MaxPool("a", "x", (2, 2), (1, 1), (1, 1, 0, 0), np.array([1, 0, 1])),
        MaxPool("b", "a", (3, 3), (2, 2), (1, 1, 1, 1), np.array([0, 0, 1])),
    ]
    check(
        plan_of(
            nodes,
            [Folding("max", 3, elements=3, windows=5), Folding("max", 1, elements=1, windows=3)],
        )
    )


def test_sums_of_sparse_codes() -> None:
    nodes: list[Node] = [
        entry(4, 4, 4, Code(3, 4)),
        SumPool("a", "x", (2, 2), (2, 2), (0, 0, 0, 0)),
        layer("b", "a", weights(3, 4, 2, 2), Raw(None)),
    ]
    check(
        plan_of(
            nodes,
            [
                Folding("depthwise", 2, elements=2, windows=2, neurons=1),
                Folding("event", 4, 4, 1, 3),
            ],
        )
    )


def test_slow_neuron_behind_fast_body() -> None:
    """One unit for all elements: the results queue fills, and the accumulators wait for credits."""
    node = layer("a", "x", weights(8, 4, 1, 1), pack(Code(7), 8, 1), beta=full(8, 3))
    check(plan_of([entry(4, 2, 4, Code(1)), node], [Folding("event", 4, 4, 1, 8, 4, 1)]), count=6)


def test_many_folds_and_windows() -> None:
    nodes: list[Node] = [
        entry(6, 2, 8, Code(2)),
        layer("a", "x", weights(10, 6, 1, 1), pack(Code(2), 10, 2)),
        layer("b", "a", weights(4, 10, 2, 2, seed=5), Raw(None), negate=np.array([0, 1, 0, 1])),
    ]
    check(
        plan_of(nodes, [Folding("event", 3, 1, 2, 2, 8, 2), Folding("event", 5, 5, 1, 1, 7, 1)]),
        count=2,
    )


def test_every_tie() -> None:
    """Every drive from 0 to beyond the last step: only a last spike that leaves nothing is
    cleared.
    """
    neuron = SpikePack(Code(4), np.array([1, 2, 3, 4]), np.array([1, 1, 1, 0]))
    node = layer("a", "x", full(4, 1).reshape(4, 1, 1, 1), neuron, beta=np.array([0, 1, 0, 2]))
    plan = plan_of([entry(1, 8, 8, Code(6)), node], [Folding("event", 1, 1, 2, 4, 8, 2)])
    words = np.arange(64).reshape(1, 1, 8, 8)
    assert np.array_equal(run(plan, words).values, golden.trace(plan.graph, words)["a"])


def test_wide_table_of_constants() -> None:
    """Flip masks of a max pooling are as wide as a beat: more than a machine word."""
    from amaranth import Signal
    from spikeloom_hw.lib.lookup import table

    assert len(table([1, 1 << 80], Signal(1))) == 81
