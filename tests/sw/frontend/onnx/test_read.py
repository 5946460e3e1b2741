"""Operators: what the reader makes of them, against torch in float64 and qonnx's executor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spikeloom.frontend.importers import compile_file
from spikeloom.frontend.onnx import READERS, lif_operator, read
from spikeloom.ir import golden
from spikeloom.ir.neurons import LIF, Raw
from spikeloom.ir.nodes import Layer, MaxPool
from spikeloom.ir.number import Code
from torch.nn import functional

from tests.sw.frontend.onnx.models import QONNX, Model, execute

Rng = np.random.Generator


def test_every_operator_is_documented() -> None:
    page = Path(__file__).parents[4] / "docs" / "reference" / "operators.md"
    text = page.read_text(encoding="utf-8")
    assert {kind for kind in READERS if f"`{kind}`" not in text} == set()


def column(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=np.float32).reshape(1, -1, 1, 1)


def equal_to_qonnx(m: Model, out: str, path: Path, images: np.ndarray) -> np.ndarray:
    """The golden outputs of some images, equal to those of qonnx's executor. The model takes one
    image.
    """
    got = golden.run(read(m.save(path / "m.onnx", out)), images)
    proto = m.proto(out, [1, *got.shape[1:]])
    expected = np.concatenate([execute(proto, image[None]) for image in images])
    assert np.array_equal(got, expected)
    assert len(np.unique(got)) > 3
    return got


def images(rng: Rng, count: int, *shape: int) -> np.ndarray:
    return (rng.integers(-4, 40, (count, *shape)) / 2).astype(np.float32)


@pytest.mark.parametrize("seed", range(40))
def test_convolutions_equal_torch(seed: int, tmp_path: Path) -> None:
    """Kernels, strides, paddings (four different ones, from Pad too) and groups; Quant weights of
    all widths.
    """
    rng = np.random.default_rng(seed)
    groups = int(rng.choice([1, 2, 4]))
    i_channels, o_channels = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
    kernel, stride = rng.integers(1, 4, 2), rng.integers(1, 4, 2)
    top, left, bottom, right = (int(rng.integers(0, k)) for k in (*kernel, *kernel))
    height, width = rng.integers(3, 9, 2)
    bits = int(rng.integers(2, 9))
    weight = rng.integers(
        -(1 << (bits - 1)), 1 << (bits - 1), (o_channels, i_channels // groups, *kernel)
    )
    bias = rng.integers(-9, 10, o_channels).astype(np.float32)
    m = Model(1, i_channels, int(height), int(width))
    x = m.quant(m.input, bits=4)
    pads = [top, left, bottom, right]
    if seed % 4 == 0:
        x = m.op("Pad", x, m.const([0, 0, top, left, 0, 0, bottom, right], np.int64))
        pads = [0, 0, 0, 0]
    weights = m.weights(weight, bits=bits)
    out = m.op("Conv", x, weights, bias, strides=[int(s) for s in stride], pads=pads, group=groups)
    real = images(rng, 5, i_channels, int(height), int(width))
    words = np.clip(np.rint(real), 0, 15)
    expected = functional.conv2d(
        functional.pad(torch.from_numpy(words).double(), (left, right, top, bottom)),
        torch.from_numpy(weight).double(),
        torch.from_numpy(bias).double(),
        stride=tuple(int(s) for s in stride),
        groups=groups,
    ).numpy()
    expected = expected[:, :, 0, 0] if expected.shape[2:] == (1, 1) else expected
    assert np.array_equal(golden.run(read(m.save(tmp_path / "m.onnx", out)), real), expected)


@pytest.mark.parametrize("seed", range(6))
def test_networks_equal_qonnx(seed: int, tmp_path: Path) -> None:
    """Conv, batch norm, max pool in front of a negative scale, ReLU, average pool, flatten, Gemm;
    all scales powers of two.
    """
    rng = np.random.default_rng(seed)
    m = Model(1, 2, 8, 8)
    x = m.quant(m.input, 0.5, 4)
    x = m.op("Conv", x, m.weights(rng.integers(-7, 8, (4, 2, 3, 3)), 0.25), pads=[1, 1, 1, 1])
    if seed % 2:
        x = m.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = m.op("Mul", x, column([0.5, -0.25, 1, -2]))
    x = m.op("Add", x, column(rng.integers(-8, 9, 4) / 4))
    x = m.quant(m.op("Relu", x) if seed % 3 else x, 0.5, 4)
    if not seed % 2:
        x = m.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 0, 0])
    x = m.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
    features = 16
    x = m.op("Flatten", x) if seed % 2 else m.reshape(x, 1, -1)
    x = m.op(
        "Gemm",
        x,
        m.weights(rng.integers(-7, 8, (8, features)), 0.5),
        rng.integers(-4, 5, 8) / 2,
        transB=1,
        alpha=0.5,
        beta=2.0,
    )
    x = m.quant(m.op("Relu", x), 0.25, 5, rounding="FLOOR")
    out = m.op(
        "Add",
        m.op("MatMul", x, m.weights(rng.integers(-7, 8, (8, 5)), 0.125)),
        rng.integers(-4, 5, 5) / 4,
    )
    equal_to_qonnx(m, out, tmp_path, images(rng, 6, 2, 8, 8))


def test_max_pool_before_negative_scale_takes_the_minimum(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    m = Model(1, 1, 6, 6)
    x = m.op(
        "Conv",
        m.quant(m.input, bits=4),
        m.weights(rng.integers(-7, 8, (3, 1, 3, 3)), 0.25),
        pads=[1, 1, 1, 1],
    )
    x = m.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = m.op("Relu", m.op("Mul", x, column([1, -1, -0.5])))
    out = m.quant(m.op("Mul", x, column([1, 1, -1])), 0.5, 4, signed=True)
    equal_to_qonnx(m, out, tmp_path, images(rng, 6, 1, 6, 6))
    pool = read(tmp_path / "m.onnx").nodes[2]
    assert isinstance(pool, MaxPool)
    assert pool.flip.tolist() == [0, 1, 0]  # the third one turns twice


@pytest.mark.parametrize("kind", ["signed", "zero point", "bipolar", "multithreshold"])
def test_signed_activations(kind: str, tmp_path: Path) -> None:
    """Two's complement words meet padding; offsets do where there is none."""
    rng = np.random.default_rng(1)
    m = Model(1, 1, 6, 6)
    x = m.op(
        "Conv",
        m.quant(m.input, 0.5, 5, signed=True),
        m.weights(rng.integers(-7, 8, (4, 1, 3, 3)), 0.125),
        pads=[1, 1, 1, 1],
    )
    padded = kind in ("signed", "multithreshold")
    if kind == "signed":
        x = m.quant(x, 0.5, 3, signed=True)
    elif kind == "zero point":
        x = m.quant(x, 0.5, 4, zero=3.0)
    elif kind == "bipolar":
        x = m.op("BipolarQuant", x, 0.5, domain=QONNX)
    else:
        table = np.sort(rng.integers(-20, 20, (4, 7)) / 4, axis=1)
        x = m.op(
            "MultiThreshold",
            x,
            table,
            domain=QONNX,
            out_dtype="INT3",
            out_scale=0.5,
            out_bias=-2.0,
            data_layout="NCHW",
        )
    out = m.op(
        "Conv",
        x,
        m.weights(rng.integers(-7, 8, (3, 4, 3, 3)), 0.25),
        pads=[1, 1, 1, 1] if padded else [0, 0, 0, 0],
    )
    equal_to_qonnx(m, out, tmp_path, images(rng, 4, 1, 6, 6))
    node = read(tmp_path / "m.onnx").nodes[1]
    assert isinstance(node, Layer) and node.neuron.code is not None
    assert node.neuron.code.signed == padded


@pytest.mark.parametrize("ending", ["quant", "sum", "conv"])
def test_residuals(ending: str, tmp_path: Path) -> None:
    """Conv + skip at its own scale; a sum of two quantized activations, with and without a neuron
    behind.
    """
    rng = np.random.default_rng(2)
    m = Model(1, 2, 5, 5)
    x = m.quant(m.input, 0.5, 4)
    a = m.quant(
        m.op("Conv", x, m.weights(rng.integers(-7, 8, (2, 2, 3, 3)), 0.25), pads=[1, 1, 1, 1]),
        0.5,
        4,
    )
    b = m.op("Conv", a, m.weights(rng.integers(-7, 8, (2, 2, 1, 1)), 0.25))
    joined = m.quant(m.op("Add", b, m.op("Mul", x, column([1, -2]))), 0.5, 4)
    y = m.op("Add", joined, a)
    if ending == "quant":
        y = m.quant(y, 1.0, 3)
    if ending == "conv":
        y = m.op("Conv", y, m.weights(rng.integers(-7, 8, (3, 2, 3, 3)), 0.25), pads=[1, 1, 1, 1])
    equal_to_qonnx(m, y, tmp_path, images(rng, 4, 2, 5, 5))
    names = [
        type(n.neuron).__name__ if isinstance(n, Layer) else ""
        for n in read(tmp_path / "m.onnx").nodes
    ]
    assert names[-1] == ("SpikePack" if ending == "quant" else "Raw")


def test_shapes_are_views(tmp_path: Path) -> None:
    """A vector input turned into an image, and flattened in the end; with Shape arithmetic, as
    exporters write it, and without.
    """
    rng = np.random.default_rng(3)
    first, second, x = (
        rng.integers(-7, 8, (3, 1, 3, 3)),
        rng.integers(-7, 8, (4, 108)),
        images(rng, 4, 64),
    )

    def model(dynamic: bool) -> tuple[Model, str]:
        m = Model(1, 64)
        y, shape = m.quant(m.input, 1.0, 4), m.const([1, 1, 8, 8], np.int64)
        if dynamic:
            batch = m.op(
                "Unsqueeze",
                m.op("Gather", m.op("Shape", y), m.const(0, np.int64)),
                m.const([0], np.int64),
            )
            shape = m.op("Concat", batch, m.const([1, 8, 8], np.int64), axis=0)
        y = m.op("Conv", m.op("Reshape", y, shape), m.weights(first, 0.25))
        y = m.op(
            "Squeeze",
            m.op("Unsqueeze", m.quant(y, 1.0, 3), m.const([1], np.int64)),
            m.const([1], np.int64),
        )
        y = m.op("Flatten", m.op("Dropout", m.op("Identity", y)))
        return m, m.op("MatMul", y, m.op("Transpose", m.weights(second), perm=[1, 0]))

    expected = equal_to_qonnx(*model(dynamic=False), tmp_path, x)
    m, out = model(dynamic=True)
    graph = read(m.save(tmp_path / "dynamic.onnx", out))
    assert np.array_equal(golden.run(graph, x), expected)
    assert graph.input.shape == (1, 8, 8) and graph.input.real_shape == (64,)


def test_flattened_image_becomes_a_vector(tmp_path: Path) -> None:
    """Only fully connected layers read it, so its words may share beats."""
    rng = np.random.default_rng(4)
    m = Model(1, 1, 8, 8)
    x = m.op("Flatten", m.quant(m.input, 1.0, 4))
    out = m.op("Gemm", x, m.weights(rng.integers(-7, 8, (5, 64))), transB=1)
    equal_to_qonnx(m, out, tmp_path, images(rng, 4, 1, 8, 8))
    graph = read(tmp_path / "m.onnx")
    assert graph.input.shape == (64, 1, 1) and graph.input.real_shape == (1, 8, 8)


def test_one_dimensional_convolution(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    m = Model(1, 3, 12)
    x = m.op(
        "Conv",
        m.quant(m.input, 1.0, 4),
        m.weights(rng.integers(-7, 8, (4, 3, 3)), 0.5),
        pads=[1, 1],
        strides=[2],
    )
    x = m.op("MaxPool", m.quant(x, 2.0, 4), kernel_shape=[2], strides=[2])
    out = m.op("MatMul", m.reshape(x, 1, -1), m.weights(rng.integers(-7, 8, (12, 4))))
    equal_to_qonnx(m, out, tmp_path, images(rng, 5, 3, 12))


def test_global_average_of_signed_words(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    m = Model(1, 3, 4, 4)
    x = m.op("Flatten", m.op("GlobalAveragePool", m.quant(m.input, 0.5, 5, signed=True)))
    out = m.op("MatMul", x, m.weights(rng.integers(-7, 8, (3, 4))))
    equal_to_qonnx(m, out, tmp_path, images(rng, 5, 3, 4, 4))


def test_zero_point_and_narrow_input(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    for narrow, signed, zero in ((False, False, 5.0), (True, True, 0.0), (False, True, -3.0)):
        m = Model(1, 6)
        x = m.quant(m.input, 0.5, 4, signed, zero, narrow)
        out = m.op("MatMul", x, m.weights(rng.integers(-7, 8, (6, 4)), 0.5))
        equal_to_qonnx(m, out, tmp_path, images(rng, 20, 6) - 6)


def test_constant_channels(tmp_path: Path) -> None:
    """A batch norm's zero factor, and a channel that is saturated over its whole range, lose their
    weights.
    """
    m = Model(1, 1, 3, 3)
    x = m.op("Conv", m.quant(m.input, 1.0, 4), m.weights(np.ones((3, 1, 1, 1))))
    x = m.op("Add", m.op("Mul", x, column([0, 1, 1])), column([2, 0, 100]))
    out = m.op("Conv", m.quant(x, 1.0, 3), m.weights(np.arange(6).reshape(2, 3, 1, 1)))
    rng = np.random.default_rng(8)
    equal_to_qonnx(m, out, tmp_path, images(rng, 5, 1, 3, 3))
    layer = read(tmp_path / "m.onnx").nodes[1]
    assert isinstance(layer, Layer)
    assert layer.weight.ravel().tolist() == [0, 1, 0]


def test_repeated_quant_costs_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    m = Model(1, 2, 6, 6)
    x = m.quant(
        m.op("Conv", m.quant(m.input, 1.0, 4), m.weights(rng.integers(-7, 8, (2, 2, 3, 3)))), 4.0, 3
    )
    x = m.op("Relu", m.quant(m.quant(x, 4.0, 3), 2.0, 6, signed=True))
    out = m.op("Conv", x, m.weights(rng.integers(-7, 8, (3, 2, 2, 2))))
    equal_to_qonnx(m, out, tmp_path, images(rng, 5, 2, 6, 6))
    assert len(read(tmp_path / "m.onnx").nodes) == 3


def test_batch_norm_of_powers_of_two(tmp_path: Path) -> None:
    rng = np.random.default_rng(10)
    m = Model(1, 2, 4, 4)
    x = m.op("Conv", m.quant(m.input, 1.0, 4), m.weights(rng.integers(-7, 8, (3, 2, 3, 3))))
    parts = [
        np.array(p, dtype=np.float32)
        for p in ([0.25, -2, 0.5], [3, -1, 2], [20, 0, -4], [4, 16, 0.25])
    ]
    x = m.op("BatchNormalization", x, *parts, epsilon=0.0)
    out = m.quant(x, 2.0, 4, signed=True)
    equal_to_qonnx(m, out, tmp_path, images(rng, 5, 2, 4, 4))


def event_images(rng: Rng, *shape: int) -> np.ndarray:
    return (rng.random(shape) < 0.3).astype(np.float32)


def test_event_frames_are_packed(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    m = Model(1, 4, 2, 5, 5)
    packed = m.op(
        "ReduceSum",
        m.op("Mul", m.input, np.float32([8, 4, 2, 1]).reshape(1, 4, 1, 1, 1)),
        m.const([1], np.int64),
        keepdims=0,
    )
    out = m.op("Conv", packed, m.weights(rng.integers(-7, 8, (3, 2, 3, 3))))
    equal_to_qonnx(m, out, tmp_path, event_images(rng, 4, 4, 2, 5, 5))
    assert read(tmp_path / "m.onnx").input.code == Code(4)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("leak", [0, 2])
def test_integer_lif_equals_qonnx(hard: bool, leak: int, tmp_path: Path) -> None:
    """Two LIF layers over time, OR pooling between them, a readout summed over the steps; currents
    that are integers.
    """
    rng, steps = np.random.default_rng(12), 4
    m = Model(1, steps, 2, 6, 6)
    x = m.op(
        "Conv",
        m.reshape(m.input, steps, 2, 6, 6),
        m.weights(rng.integers(-7, 8, (3, 2, 3, 3))),
        pads=[1, 1, 1, 1],
    )
    x = m.op("Add", m.op("Mul", x, column([4, -4, 4])), column([3, -2, 5]))
    form = lif_operator.form(steps, leak, hard)
    x = m.lif(form, m.reshape(x, 1, steps, 3, 6, 6), np.float32([40, 30, 50]))
    x = m.op("MaxPool", m.reshape(x, steps, 3, 6, 6), kernel_shape=[2, 2], strides=[2, 2])
    x = m.op("Conv", x, m.weights(rng.integers(-7, 8, (4, 3, 3, 3))))
    x = m.lif(form, m.reshape(x, 1, steps, 4, 1, 1), 6.0)
    x = m.op("MatMul", m.reshape(x, steps, 4), m.weights(rng.integers(-7, 8, (4, 3))))
    out = m.op(
        "ReduceSum",
        m.op("Add", m.reshape(x, 1, steps, 3), np.float32([1, 2, 3])),
        m.const([1], np.int64),
        keepdims=0,
    )
    equal_to_qonnx(m, out, tmp_path, event_images(rng, 4, steps, 2, 6, 6))
    graph = read(tmp_path / "m.onnx")
    assert graph.input.code == Code(4, 1) and graph.bias.tolist() == [4, 8, 12]
    assert [type(n.neuron) for n in graph.nodes if isinstance(n, Layer)] == [LIF, LIF, Raw]
    assert [p.method for p in compile_file(tmp_path / "m.onnx").proofs] == [
        "frozen",
        "frozen",
        "exact",
    ]


def test_input_annotated_as_integers(tmp_path: Path) -> None:
    """FINN's way: no Quant at the input, but a data type."""
    import onnx

    m = Model(1, 3, 4, 4)
    out = m.op("Conv", m.input, m.const(np.arange(-12, 12).reshape(2, 3, 2, 2)))
    proto = m.proto(out)
    annotation = onnx.TensorAnnotation(tensor_name="x")
    annotation.quant_parameter_tensor_names.add(key="finn_datatype", value="UINT4")
    proto.graph.quantization_annotation.append(annotation)
    onnx.save(proto, tmp_path / "m.onnx")
    graph = read(tmp_path / "m.onnx")
    assert graph.input.code == Code(4) and graph.input.scale == 1
