"""The golden model against torch in float64, qonnx's quantizer, and the definitions written out as
loops.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from qonnx.custom_op.general.intquant import int_quant
from spikeloom.errors import SpikeLoomError
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Raw, SpikePack, Thresholds
from spikeloom.ir.nodes import Input, Layer, MaxPool, SumPool
from spikeloom.ir.number import Code
from spikeloom.ir.windows import conv
from torch.nn import functional

from tests.networks import random_graph, random_words


@pytest.mark.parametrize("seed", range(20))
def test_conv_equals_torch(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups, kernel, stride = (
        int(rng.integers(1, 4)),
        rng.integers(1, 4, 2),
        tuple(int(s) for s in rng.integers(1, 4, 2)),
    )
    top, left, bottom, right = (int(rng.integers(0, k)) for k in (*kernel, *kernel))
    x = rng.integers(-200, 200, (3, groups * 2, 6, 7))
    weight = rng.integers(-128, 128, (groups * 3, 2, *kernel))
    padded = functional.pad(torch.from_numpy(x).double(), (left, right, top, bottom))
    expected = functional.conv2d(
        padded, torch.from_numpy(weight).double(), stride=stride, groups=groups
    ).numpy()
    assert np.array_equal(conv(x, weight, stride, (top, left, bottom, right), groups), expected)


@pytest.mark.parametrize(
    "x,w",
    [
        ((1 << 53) - 1, 1),
        ((1 << 53) + 1, 1),
        ((1 << 30) + 1, (1 << 30) - 1),
        (-(1 << 27) - 1, (1 << 26) - 1),
    ],
)
def test_conv_is_exact_on_both_sides_of_what_float64_holds(x: int, w: int) -> None:
    """One product and small ones beside it, which a float would swallow."""
    words = np.array([x, 1, -3]).reshape(1, 3, 1, 1)
    weight = np.array([[w, 1, 0], [0, 1, 1]]).reshape(2, 3, 1, 1)
    assert conv(words, weight, (1, 1), (0, 0, 0, 0), 1).ravel().tolist() == [x * w + 1, -2]
    assert conv(words[:, :1], weight[:1, :1], (1, 1), (0, 0, 0, 0), 1).item() == x * w


@pytest.mark.parametrize("count", [1, golden.IMAGES, golden.IMAGES + 3])
def test_output_does_not_depend_on_how_many_images_run_together(count: int) -> None:
    graph = random_graph(3)
    words = random_words(np.random.default_rng(1), graph, count)
    whole = golden.trace(graph, words)[graph.output.name]
    code = graph.codes[graph.output.name]
    assert np.array_equal(
        golden.integers(graph, words), whole if code is None else code.value(whole)
    )


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("narrow", [False, True])
def test_quantize_equals_qonnx(signed: bool, narrow: bool) -> None:
    rng = np.random.default_rng(0)
    for scale, zero in ((0.5, 0), (0.1, 3), (0.37, -2)):
        x = rng.uniform(-9, 9, (500, 1)).astype(np.float32)
        narrow_here = narrow and signed
        source = Input("x", (1, 1, 1), (1,), Code(5, signed=signed), scale, zero, narrow_here)
        q = source.code.value(golden.quantize(source, x)).reshape(-1, 1)
        expected = int_quant(
            x, np.float32(scale), np.float32(zero), np.float32(5), signed, narrow_here, "ROUND"
        )
        assert np.array_equal(
            (q - np.float32(zero)).astype(np.float32) * np.float32(scale), expected
        )


def test_bad_input_is_named() -> None:
    source = Input("x", (2, 1, 1), (2,), Code(4))
    for x, message in (
        (np.zeros((1, 3)), r"expected \(batch, 2\), got \(1, 3\)"),
        (np.array([[0, np.nan]]), "NaN"),
        (np.array([[0, np.inf]]), "infinity"),
        (np.array([["a", "b"]]), "expected numbers"),
        (np.array([[1j, 0]]), "complex"),
    ):
        with pytest.raises(SpikeLoomError, match=message):
            golden.quantize(source, x)
    with pytest.raises(SpikeLoomError, match="events must be 0 or 1"):
        golden.quantize(Input("x", (2, 1, 1), (3, 2), Code(3), events=True), np.full((1, 3, 2), 2))


U = np.arange(-120, 121).reshape(-1, 1, 1, 1)


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("signed", [False, True])
def test_spikepack_is_a_floor(steps: int, signed: bool) -> None:
    """Base 2: clip(floor(u / theta)); a signed code has half of its range in beta. The tie flag
    clears odd words without a residue.
    """
    code, top = Code(steps, signed=signed), (1 << steps) - 1
    for theta in (1, 3, 8):
        floor = np.clip(U // theta, 0, top)
        for tie in (0, 1):
            neuron = SpikePack(code, np.array([theta]), np.array([tie]))
            tied = (floor * theta == U) & (floor % 2 == 1) & (tie == 1)
            assert np.array_equal(
                code.value(neuron.fire(U)), floor - tied - (1 << steps - 1) * signed
            )


@pytest.mark.parametrize("base", [3, 4])
def test_spikepack_takes_the_highest_code_value_below(base: int) -> None:
    code = Code(3, base)
    neuron = SpikePack(code, np.array([2]), np.array([0]))
    highest = [max((int(c) for c in code.codebook if 2 * c <= u), default=0) for u in U.ravel()]
    assert code.value(neuron.fire(U)).ravel().tolist() == highest


def test_table_counts() -> None:
    thresholds = np.array([[-5, 0, 0]])
    count = [sum(u >= t for t in (-5, 0, 0)) for u in U.ravel().tolist()]
    assert Thresholds(Code(2), thresholds).fire(U).ravel().tolist() == count
    signed = Code(2, signed=True)
    assert signed.value(Thresholds(signed, thresholds).fire(U)).ravel().tolist() == [
        c - 2 for c in count
    ]


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("leak", [0, 1, 3])
def test_lif_one_neuron_at_a_time(hard: bool, leak: int) -> None:
    rng = np.random.default_rng(1)
    currents = rng.integers(-20, 30, (6, 4, 3, 2, 2))
    theta = np.array([11, 20, 35])
    words = LIF(Code(6, 1), theta, leak, hard).fire_steps(currents)
    for n, c, y, x in np.ndindex(words.shape):
        membrane, word = 0, 0
        for t in range(6):
            if leak:
                membrane -= membrane // 2**leak
            membrane += int(currents[t, n, c, y, x])
            fired = membrane >= theta[c]
            if fired:
                membrane = 0 if hard else membrane - int(theta[c])
            word = word * 2 + int(fired)
        assert words[n, c, y, x] == word


@pytest.mark.parametrize("code", [Code(3), Code(3, signed=True), Code(3, 3)])
def test_pools_are_torchs(code: Code) -> None:
    rng = np.random.default_rng(2)
    words = rng.integers(0, 8, (4, 2, 6, 6))
    flip = np.array([0, 1])
    kernel, stride, padding = (3, 2), (2, 1), (1, 0, 2, 1)
    source = Input("x", (2, 6, 6), (2, 6, 6), code)
    largest = golden.trace(
        Graph("g", (source, MaxPool("p", "x", kernel, stride, padding, flip))), words
    )["p"]
    values = torch.from_numpy(code.value(words)).double() * torch.tensor([1.0, -1.0]).reshape(
        1, 2, 1, 1
    )
    padded = functional.pad(
        values, (padding[1], padding[3], padding[0], padding[2]), value=-torch.inf
    )
    expected = functional.max_pool2d(padded, kernel, stride).numpy() * np.array([1, -1]).reshape(
        1, 2, 1, 1
    )
    assert np.array_equal(code.value(largest), expected)
    if not code.signed:
        total = golden.trace(
            Graph("g", (source, SumPool("p", "x", kernel, stride, padding))), words
        )["p"]
        ones = torch.ones(2, 1, *kernel).double()
        plain = functional.pad(
            torch.from_numpy(code.value(words)).double(),
            (padding[1], padding[3], padding[0], padding[2]),
        )
        assert np.array_equal(
            total, functional.conv2d(plain, ones, stride=stride, groups=2).numpy()
        )


def test_spike_trains_pool_by_or() -> None:
    words = np.array([0b1010, 0b0011, 0b0000, 0b1000]).reshape(1, 1, 2, 2)
    source = Input("x", (1, 2, 2), (4, 1, 2, 2), Code(4, 1), events=True)
    for flip, expected in ((0, 0b1011), (1, 0b0000)):
        pool = MaxPool("p", "x", (2, 2), (2, 2), (0, 0, 0, 0), np.array([flip]))
        assert golden.trace(Graph("g", (source, pool)), words)["p"].item() == expected


def test_drive_of_a_layer() -> None:
    """u = (+-v << f) + kappa x + beta, written out for one position."""
    source = Input("x", (2, 1, 1), (2,), Code(4, signed=True))
    weight = np.array([[3, -2], [1, 5]]).reshape(2, 2, 1, 1)
    vectors = {"beta": np.array([7, -9]), "negate": np.array([0, 1]), "kappa": np.array([11, -13])}
    graph = Graph(
        "g",
        (source, Layer("n", "x", weight, Raw(None), shift=2, skip="x", **vectors)),
        np.array([0.5, 0.25]),
        np.array([1.0, 2.0]),
    )
    x = np.array([[-3.0, 5.0]])
    v = [3 * -3 - 2 * 5, -3 + 5 * 5]
    u = [4 * v[0] + 11 * -3 + 7, 4 * -v[1] - 13 * 5 - 9]
    assert golden.integers(graph, golden.quantize(source, x)).ravel().tolist() == u
    assert golden.run(graph, x).tolist() == [[0.5 * u[0] + 1, 0.25 * u[1] + 2]]
