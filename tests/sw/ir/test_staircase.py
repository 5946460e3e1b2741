"""Staircases, fits and proofs against qonnx's own functions and against fractions, at every value
in range.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from qonnx.custom_op.general.intquant import int_quant
from qonnx.custom_op.general.multithreshold import multithreshold
from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.frontend.importers import compile_file
from spikeloom.frontend.lower.fit import fit
from spikeloom.frontend.lower.prove import prove
from spikeloom.frontend.onnx import read
from spikeloom.frontend.onnx.constants import quant_range
from spikeloom.ir import golden
from spikeloom.ir.neurons import SpikePack, Thresholds
from spikeloom.ir.nodes import Layer
from spikeloom.ir.staircase import ROUNDING, Cuts, Drive, rationals, staircase

from tests.sw.frontend.onnx.models import QONNX, Model

CHANNELS = 12
EVERY = np.arange(-16, 16, dtype=np.float32)
"""All values of the input's words."""

Rng = np.random.Generator


def powers(rng: Rng, low: int, high: int, count: int = CHANNELS) -> np.ndarray:
    return np.float32(2) ** rng.integers(low, high, count)


def column(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float32).reshape(1, -1, 1, 1)


def depthwise(m: Model, weight: np.ndarray) -> str:
    """One signed 5-bit word to CHANNELS accumulators ``weight * x``."""
    x = m.quant(m.input, bits=5, signed=True)
    return m.op("Conv", x, m.weights(weight.reshape(-1, 1, 1, 1)))


def run(path: Path) -> np.ndarray:
    return golden.run(read(path), EVERY.reshape(-1, 1, 1, 1))


@pytest.mark.parametrize("rounding", ROUNDING)
@pytest.mark.parametrize("seed", range(8))
def test_quant_equals_qonnx_everywhere(rounding: str, seed: int, tmp_path: Path) -> None:
    """Random affines (negative and zero ones too), so that ties are hit exactly, before and after a
    ReLU.
    """
    rng = np.random.default_rng([seed, ROUNDING.index(rounding)])
    m = Model(1, 1, 1, 1)
    weight = rng.integers(-7, 8, CHANNELS)
    y, x = weight[None] * EVERY[:, None], depthwise(m, weight)
    for part in range(int(rng.integers(1, 3))):
        gain = powers(rng, -3, 2) * rng.choice([-3, -1, 0, 1, 1, 1, 3], CHANNELS)
        offset = rng.integers(-20, 21, CHANNELS) / 4
        x, y = m.op("Add", m.op("Mul", x, column(gain)), column(offset)), y * gain + offset
        if part == 0 and rng.random() < 0.5:
            x, y = m.op("Relu", x), np.maximum(y, 0)
    signed, narrow, bits = bool(rng.integers(2)), bool(rng.integers(2)), int(rng.integers(1, 7))
    scale, zero = powers(rng, -2, 2), float(rng.integers(-3, 4)) / int(rng.integers(1, 3))
    narrow &= bits > 1
    out = m.quant(x, column(scale), bits, signed, zero, narrow, rounding)
    # qonnx knows ROUND_TO_ZERO as DOWN
    mode = "DOWN" if rounding == "ROUND_TO_ZERO" else rounding
    expected = int_quant(
        y, scale.astype(np.float64), zero, np.array(float(bits)), signed, narrow, mode
    )
    got = run(m.save(tmp_path / "m.onnx", out))
    assert np.array_equal(got, expected)


@pytest.mark.parametrize("seed", range(12))
def test_thresholds_equal_qonnx(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    m = Model(1, 1, 1, 1)
    weight, count = rng.integers(-7, 8, CHANNELS), int(rng.integers(1, 32))
    table = np.sort(
        rng.integers(-400, 400, (CHANNELS if seed % 2 else 1, count)) / 4, axis=1
    ).astype(np.float32)
    scale, bias = 0.5, float(rng.integers(-3, 4))
    out = m.op(
        "MultiThreshold",
        depthwise(m, weight),
        table,
        domain=QONNX,
        out_dtype="UINT8",
        out_scale=scale,
        out_bias=bias,
        data_layout="NCHW",
    )
    y = weight[None] * EVERY[:, None]
    assert np.array_equal(
        run(m.save(tmp_path / "m.onnx", out)),
        multithreshold(y, np.broadcast_to(table, (CHANNELS, count)), scale, bias),
    )


@pytest.mark.parametrize(("base", "steps"), [(2, 3), (3, 1), (3, 3), (4, 2), (4, 4), (7, 2)])
@pytest.mark.parametrize("greedy", [False, True])
def test_codebooks(base: int, steps: int, greedy: bool, tmp_path: Path) -> None:
    """Nearest code words need a table; greedy ones (steps at multiples of the code) fit the serial
    neuron.
    """
    rng = np.random.default_rng(base * steps)
    code = np.array(
        sorted({sum(base**t for t in range(steps) if w >> t & 1) for w in range(1 << steps)}),
        dtype=np.float32,
    )
    theta = np.float32(0.75)
    cuts = (code[1:] if greedy else (code[1:] + code[:-1]) / 2) * theta
    weight = rng.integers(-9, 10, CHANNELS)
    m = Model(1, 1, 1, 1)
    count = m.op(
        "MultiThreshold",
        depthwise(m, weight),
        cuts[None],
        domain=QONNX,
        out_dtype="UINT8",
        data_layout="NCHW",
    )
    out = m.op("Gather", code * theta, m.op("Cast", count, to=7), axis=0)
    path = m.save(tmp_path / "m.onnx", out)
    y = weight[None] * EVERY[:, None]
    assert np.array_equal(run(path), (code * theta)[(y[..., None] >= cuts).sum(axis=2)])
    method = compile_file(path).proofs[0].method
    if greedy:
        assert method == "plain"
    elif base > 2 and steps > 2:
        assert method == "table"


def test_bipolar(tmp_path: Path) -> None:
    m = Model(1, 1, 1, 1)
    weight = np.arange(CHANNELS) - 6
    x = m.op("Add", depthwise(m, weight), column(np.arange(CHANNELS) - 4.0))
    y = weight[None] * EVERY[:, None] + np.arange(CHANNELS) - 4.0
    out = m.op("BipolarQuant", x, 0.25, domain=QONNX)
    assert np.array_equal(run(m.save(tmp_path / "m.onnx", out)), np.where(y >= 0, 0.25, -0.25))


def exact_quant(y: Fraction, scale: Fraction, low: int, high: int) -> int:
    return min(high, max(low, round(y / scale)))  # Python rounds fractions half to even


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("powers_of_two", [False, True])
def test_residual_at_any_scale(seed: int, powers_of_two: bool, tmp_path: Path) -> None:
    """u = A v + K x + B at arbitrary float32 scales, against fractions, for every pair of words."""
    rng = np.random.default_rng([seed, powers_of_two])
    draw = (
        (lambda: powers(rng, -4, 2, 1))
        if powers_of_two
        else (lambda: rng.uniform(0.05, 2, 1).astype(np.float32))
    )
    i_scale, w_scale, o_scale = draw()[0], draw()[0], draw()[0] * np.float32(4)
    signed, bits = bool(rng.integers(2)), int(rng.integers(2, 5))
    weight, bias = rng.integers(-7, 8, (2, 2, 1, 1)), rng.uniform(-2, 2, 2).astype(np.float32)
    bias = np.round(bias * 4) / 4 if powers_of_two else bias
    m = Model(1, 2, 1, 1)
    x = m.quant(m.input, i_scale, 4, signed=True)
    joined = m.op(
        "Sub" if seed % 3 == 0 else "Add", m.op("Conv", x, m.weights(weight, w_scale), bias), x
    )
    path = m.save(
        tmp_path / "m.onnx",
        m.quant(m.op("Relu", joined) if seed % 2 else joined, o_scale, bits, signed),
    )
    compiled = compile_file(path)
    words = np.stack(np.meshgrid(np.arange(-8, 8), np.arange(-8, 8)), axis=-1).reshape(-1, 2, 1, 1)
    got = golden.integers(compiled.graph, compiled.graph.input.code.word(words))[:, :, 0, 0]
    low, high = quant_range(bits, signed, False)
    for q, out in zip(words[:, :, 0, 0].tolist(), got.tolist(), strict=True):
        for c in range(2):
            v = sum(int(weight[c, j, 0, 0]) * q[j] for j in range(2))
            skip = Fraction(float(i_scale)) * q[c] * (-1 if seed % 3 == 0 else 1)
            y = (
                Fraction(float(w_scale)) * Fraction(float(i_scale)) * v
                + Fraction(float(bias[c]))
                + skip
            )
            assert out[c] == exact_quant(
                max(y, Fraction(0)) if seed % 2 else y, Fraction(float(o_scale)), low, high
            )
    assert compiled.graph.nodes[1].skip is not None  # type: ignore[union-attr]


def plain_stairs(steps: list[int], high: int) -> Drive:
    return Drive(
        rationals([1]),
        rationals([0]),
        rationals([0]),
        np.array([0]),
        np.array([high]),
        np.zeros(1, dtype=np.int64),
    )


def test_fit_finds_the_smallest_shift() -> None:
    """Steps at 1.5 k + 0.25, rounded up: no integer theta at f = 0 follows 2, 4, 5, 7, 8, 10,
    11.
    """
    from spikeloom.ir.number import Code

    cuts = Cuts.rising(
        np.arange(1, 8)[None],
        np.zeros((1, 7), dtype=np.bool_),
        rationals([Fraction(3, 2)]),
        rationals([Fraction(1, 4)]),
    )
    stairs = staircase(plain_stairs([], 30), cuts)
    assert stairs.steps[0, :, 0].tolist() == [2, 4, 5, 7, 8, 10, 11]
    found = fit(stairs, Code(3))
    assert found is not None and isinstance(found.neuron, SpikePack)
    assert found.shift == 1
    for theta in range(1, 40):
        for beta in range(-80, 80):
            assert [
                min(v for v in range(31) if v + beta >= k * theta) if 30 + beta >= k * theta else 31
                for k in range(1, 8)
            ] != [
                2,
                4,
                5,
                7,
                8,
                10,
                11,
            ]


def test_fit_falls_back_to_a_table() -> None:
    from spikeloom.ir.number import Code

    cuts = Cuts.rising(
        np.array([[1, 2, 30]]), np.zeros((1, 3), dtype=np.bool_), rationals([1]), rationals([0])
    )
    found = fit(staircase(plain_stairs([], 40), cuts), Code(2))
    assert found is not None and isinstance(found.neuron, Thresholds)
    assert found.neuron.thresholds.tolist() == [[1, 2, 30]]


def ready(tmp_path: Path) -> tuple[Layer, object]:
    """A layer with ties that the proof accepts, and its staircase."""
    from spikeloom.frontend.lower.neurons import lower
    from spikeloom.frontend.onnx import read_source

    m = Model(1, 1, 1, 1)
    x = m.op("Mul", depthwise(m, np.arange(1, CHANNELS + 1)), 0.25)
    lowered = lower(read_source(m.save(tmp_path / "m.onnx", m.quant(x, 0.5, 4))))
    layer = lowered.graph.nodes[1]
    assert isinstance(layer, Layer)
    return layer, lowered.stairs[layer.name]


@pytest.mark.parametrize("field", ["beta", "theta", "tie", "negate", "shift"])
def test_proof_notices_every_parameter(field: str, tmp_path: Path) -> None:
    layer, stairs = ready(tmp_path)
    prove(layer, stairs)  # type: ignore[arg-type]
    neuron, change = layer.neuron, np.zeros(CHANNELS, dtype=np.int64)
    assert isinstance(neuron, SpikePack) and neuron.tie.any()
    change[int(neuron.tie.argmax())] = 1
    wrong = {
        "beta": lambda: replace(layer, beta=layer.beta + change),
        "theta": lambda: replace(layer, neuron=replace(neuron, theta=neuron.theta + change)),
        "tie": lambda: replace(layer, neuron=replace(neuron, tie=neuron.tie ^ change)),
        "negate": lambda: replace(layer, negate=layer.negate ^ change),
        "shift": lambda: replace(layer, shift=layer.shift + 1),
    }[field]()
    with pytest.raises(SpikeLoomError, match="proof failed"):
        prove(wrong, stairs)  # type: ignore[arg-type]


def test_unknown_rounding_is_named(tmp_path: Path) -> None:
    m = Model(1, 1, 1, 1)
    path = m.save(tmp_path / "m.onnx", m.quant(depthwise(m, np.ones(2)), rounding="STOCHASTIC"))
    with pytest.raises(
        UnsupportedError, match="rounding mode must be one of ROUND.*got STOCHASTIC"
    ):
        read(path)


def test_wide_codes_are_exact(tmp_path: Path) -> None:
    """Eight bits out of a wide sum with a batch norm's arbitrary factor: every step checked by the
    proof, equality in float64 besides.
    """
    rng = np.random.default_rng(5)
    m = Model(1, 64)
    x = m.quant(m.input, 1.0, 8)
    weight = rng.integers(-127, 128, (CHANNELS, 64))
    v = m.op("Gemm", x, m.weights(weight), transB=1)
    gain, offset = (
        rng.uniform(-0.01, 0.01, CHANNELS).astype(np.float32),
        rng.uniform(-50, 50, CHANNELS).astype(np.float32),
    )
    out = m.quant(m.op("Add", m.op("Mul", v, gain[None]), offset[None]), 0.37, 8)
    compiled = compile_file(m.save(tmp_path / "m.onnx", out))
    assert compiled.proofs[0].steps == CHANNELS * 255
    q = rng.integers(0, 256, (500, 64))
    y = (q @ weight.T) * gain.astype(np.float64) + offset.astype(np.float64)
    expected = np.clip(np.rint(y / np.float64(np.float32(0.37))), 0, 255)
    assert np.array_equal(
        golden.integers(compiled.graph, q[:, :, None, None])[:, :, 0, 0], expected
    )
