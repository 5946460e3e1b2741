"""What cannot be read is refused in one line that names file and node, and says how to go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.frontend.onnx import lif_operator, read

from tests.sw.frontend.onnx.models import QONNX, Model

Build = Callable[[Model], str]


def conv(m: Model, x: str | None = None, **attributes: object) -> str:
    x = m.quant(m.input, 1.0, 4) if x is None else x
    return m.op("Conv", x, m.weights(np.ones((2, 2, 3, 3))), **attributes)


def two_sums(m: Model) -> str:
    x = m.quant(m.input, 1.0, 8)
    wide = [
        m.op("Conv", x, m.weights(np.full((2, 2, 3, 3), 100)), pads=[1, 1, 1, 1]) for _ in range(2)
    ]
    return m.quant(m.op("Add", *wide))


def unequal(m: Model) -> str:
    x = m.quant(m.input, 1.0, 4)
    return conv(m, m.op("Add", x, m.quant(x, 0.7, 3)))


REFUSED: dict[str, tuple[Build, str]] = {
    "operator": (
        lambda m: m.op("Sigmoid", conv(m)),
        r"Sigmoid\d+: operator Sigmoid is not supported; supported are Add, .*Quant",
    ),
    "custom domain": (
        lambda m: m.op("Im2Col", conv(m), domain="finn"),
        "operator finn::Im2Col is not supported",
    ),
    "unquantized input": (
        lambda m: conv(m, m.input),
        r"Conv\d+: Conv reads the network's input x unquantized; put a Quant",
    ),
    "float weights": (
        lambda m: m.op("Conv", m.quant(m.input), np.full((2, 2, 3, 3), 0.3)),
        "expected quantized weights",
    ),
    "dilation": (lambda m: conv(m, dilations=[2, 2]), r"dilations must be 1, got \[2, 2\]"),
    "auto_pad": (lambda m: conv(m, auto_pad="SAME_UPPER"), "auto_pad=SAME_UPPER is not supported"),
    "group": (lambda m: conv(m, group=2), "weights of shape .* in 2 groups do not fit 2 channels"),
    "padding too large": (
        lambda m: conv(m, pads=[3, 3, 3, 3]),
        "padding .* must be smaller than the kernel",
    ),
    "kernel too large": (
        lambda m: m.op("Conv", m.quant(m.input), m.weights(np.ones((1, 2, 9, 9)))),
        "kernel .* does not fit",
    ),
    "ceil_mode": (
        lambda m: m.op(
            "MaxPool", m.quant(m.input), kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1
        ),
        "ceil_mode=1 is not supported",
    ),
    "average padding": (
        lambda m: m.op("AveragePool", m.quant(m.input), kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        "AveragePool with padding needs count_include_pad=1",
    ),
    "zero point meets padding": (
        lambda m: m.op(
            "Conv", m.quant(m.input, zero=3.0), m.weights(np.ones((2, 2, 3, 3))), pads=[1, 1, 1, 1]
        ),
        "padding meets activations whose zero is not a silent word",
    ),
    "relu meets conv": (lambda m: conv(m, m.op("Relu", conv(m))), "put a Quant after the Relu"),
    "bit width": (
        lambda m: m.quant(conv(m), bits=2.5),
        "bit width must be an integer from 1 to 16, got 2.5",
    ),
    "many bits": (
        lambda m: m.quant(conv(m), bits=17),
        "bit width must be an integer from 1 to 16, got 17",
    ),
    "negative scale": (lambda m: m.quant(conv(m), -0.5), "scales must be positive, found -0.5"),
    "varying constant": (
        lambda m: m.op("Mul", conv(m), np.arange(72).reshape(1, 2, 6, 6)),
        "Mul with a constant that varies inside a channel is not supported",
    ),
    "constant of a wrong shape": (
        lambda m: m.op("Mul", conv(m), np.ones((1, 3, 1, 1))),
        "does not fit a tensor of shape",
    ),
    "scale per input channel": (
        lambda m: conv(m, m.op("Mul", m.quant(m.input), np.array([1, 2]).reshape(1, 2, 1, 1))),
        "expected one scale of the input for all channels",
    ),
    "product": (lambda m: m.op("Mul", conv(m), conv(m)), "Mul of two activations is not supported"),
    "matrix of activations": (
        lambda m: m.op("MatMul", conv(m), conv(m)),
        "products of two activations are not supported",
    ),
    "two sums": (
        two_sums,
        "Add5: a sum of 19 bits would leave Conv4 without an activation, at most 16; put a Quant",
    ),
    "unequal scales": (unequal, "an Add without an activation needs equal scales"),
    "different shapes": (
        lambda m: m.quant(m.op("Add", conv(m), m.quant(m.input))),
        "both must have the same shape",
    ),
    "transpose": (
        lambda m: m.op("Transpose", conv(m), perm=[0, 2, 3, 1]),
        "Transpose of activations is not supported",
    ),
    "reduction": (
        lambda m: m.op("ReduceSum", conv(m), m.const([1], np.int64)),
        "ReduceSum over axes .* is not supported",
    ),
    "relu at the end": (
        lambda m: m.op("Relu", conv(m)),
        "the network's output must be a sum or a Quant, found a Relu",
    ),
    "two inputs": (
        lambda m: m.op("Add", m.quant(m.input), m.quant(m.input, 0.25)),
        "expected one Quant at the network's input, found two",
    ),
    "reshape": (
        lambda m: m.reshape(m.quant(m.input), 1, 7),
        r"Reshape cannot turn \(1, 2, 8, 8\) into \(1, 7\)",
    ),
    "matrix of a map": (
        lambda m: m.op("MatMul", m.quant(m.input), m.weights(np.ones((8, 3)))),
        "flatten it first",
    ),
    "rounding of the input": (
        lambda m: conv(m, m.quant(m.input, rounding="FLOOR")),
        "input must be rounded by ROUND, got FLOOR",
    ),
    "bipolar input": (
        lambda m: conv(m, m.op("BipolarQuant", m.input, 1.0, domain=QONNX)),
        "a bipolar input is not supported",
    ),
    "codebook": (
        lambda m: m.op(
            "Gather",
            np.float32([0, 1, 2.5, 4]),
            m.op(
                "Cast",
                m.op(
                    "MultiThreshold",
                    conv(m),
                    np.float32([[1, 2, 3]]),
                    domain=QONNX,
                    out_dtype="UINT2",
                ),
                to=7,
            ),
        ),
        "the codebook must be all sums of distinct powers",
    ),
    "lif without time": (
        lambda m: m.lif(lif_operator.form(4, 2, True, floor=False), conv(m), 1.0),
        r"expected currents \(batch, 4",
    ),
    "nan": (lambda m: m.op("Mul", conv(m), np.float32(np.nan)), "constant c.* holds NaN"),
    "division by zero": (lambda m: m.op("Div", conv(m), 0.0), "division by zero"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_by_name(case: str, tmp_path: Path) -> None:
    build, message = REFUSED[case]
    m = Model(1, 2, 8, 8)
    path = m.save(tmp_path / "net.onnx", build(m))
    with pytest.raises(SpikeLoomError, match=message) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert "net.onnx" in text


def small() -> onnx.ModelProto:
    m = Model(1, 2, 8, 8)
    return m.proto(conv(m))


def refuse(path: Path, message: str, kind: type[SpikeLoomError] = SpikeLoomError) -> None:
    with pytest.raises(kind, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    refuse(tmp_path / "no.onnx", "no.onnx: no such file")
    refuse(tmp_path, "no such file")


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = small().SerializeToString()
    path = tmp_path / "net.onnx"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        refuse(path, "net.onnx")


def test_garbage(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    rng = np.random.default_rng(0)
    for _ in range(50):
        path.write_bytes(rng.bytes(200))
        refuse(path, "net.onnx")


def test_cycle_and_undefined_tensors(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    model = small()
    model.graph.node[0].input[0] = model.graph.node[-1].output[0]
    onnx.save(model, path)
    refuse(path, "Quant0 is part of a cycle: it waits for Conv2_out, made by Conv2")
    model.graph.node[0].input[0] = "nothing"
    onnx.save(model, path)
    refuse(path, "node Quant0 reads tensor nothing, which nothing produces")


def test_nodes_in_any_order_are_sorted(tmp_path: Path) -> None:
    model = small()
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, tmp_path / "net.onnx")
    assert len(read(tmp_path / "net.onnx").nodes) == 2


def test_tensor_defined_twice(tmp_path: Path) -> None:
    model = small()
    model.graph.node[1].output[0] = model.graph.node[0].output[0]
    onnx.save(model, tmp_path / "net.onnx")
    refuse(tmp_path / "net.onnx", "tensor Quant0_out is defined twice")


@pytest.mark.parametrize(("opset", "message"), [(8, "found 8"), (99, "found 99")])
def test_opset(opset: int, message: str, tmp_path: Path) -> None:
    model = small()
    model.opset_import[0].version = opset
    onnx.save(model, tmp_path / "net.onnx")
    refuse(tmp_path / "net.onnx", f"expected opset 9 to 23, {message}", UnsupportedError)


def test_inputs_and_outputs(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    model = small()
    model.graph.input.append(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1]))
    onnx.save(model, path)
    refuse(path, "expected one input and one output, found 2 and 1")
    model = small()
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    onnx.save(model, path)
    refuse(path, r"dynamic shape \[1, 2, 0, 8\]; only the batch")
    model = small()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(model, path)
    assert read(path).input.real_shape == (2, 8, 8)


def test_checker_errors_are_one_line(tmp_path: Path) -> None:
    model = small()
    del model.graph.node[2].input[1:]
    onnx.save(model, tmp_path / "net.onnx")
    refuse(tmp_path / "net.onnx", "not a valid ONNX model")


def external(path: Path, location: str) -> None:
    model = small()
    tensor = next(t for t in model.graph.initializer if len(t.dims) == 4)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    path.write_bytes(model.SerializeToString())


def test_external_data_stays_in_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    path = folder / "net.onnx"
    data = np.ones((2, 2, 3, 3), dtype=np.float32).tobytes()
    (tmp_path / "secret.bin").write_bytes(data)
    (folder / "weights.bin").write_bytes(data)
    external(path, "weights.bin")
    assert len(read(path).nodes) == 2
    for outside in ("../secret.bin", str(tmp_path / "secret.bin")):
        external(path, outside)
        refuse(path, "outside the model's folder")
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    external(path, "link.bin")
    refuse(path, "outside the model's folder")
    external(path, "none.bin")
    refuse(path, "keeps its data in none.bin, which is missing")
    (folder / "short.bin").write_bytes(data[:10])
    external(path, "short.bin")
    refuse(path, "net.onnx")


def test_another_body_under_a_neurons_name(tmp_path: Path) -> None:
    m = Model(1, 2, 8, 8)
    out = m.lif(lif_operator.form(4, 0, True, True, False), conv(m), 1.0)
    model = m.proto(out)
    model.functions[0].node[0].op_type = "Abs"
    onnx.save(model, tmp_path / "net.onnx")
    refuse(
        tmp_path / "net.onnx",
        "function LIF_T4_K0_hard_repeat_real is not what the attributes of LIF_T4_K0_hard_repeat",
    )


def test_attributes_of_another_body(tmp_path: Path) -> None:
    m = Model(1, 2, 8, 8)
    model = m.proto(m.lif(lif_operator.form(4, 1, True, True, False), conv(m), 1.0))
    leak = next(n for n in model.functions[0].node if n.output[0] == "leak")
    leak.attribute[0].f = 4.0
    onnx.save(model, tmp_path / "net.onnx")
    refuse(tmp_path / "net.onnx", "is not what the attributes of")


def test_a_neuron_of_before_the_attributes(tmp_path: Path) -> None:
    m = Model(1, 2, 8, 8)
    model = m.proto(m.lif(lif_operator.form(4, 0, True, True, False), conv(m), 1.0))
    node = next(node for node in model.graph.node if lif_operator.is_lif(node))
    del node.attribute[:]
    onnx.save(model, tmp_path / "net.onnx")
    refuse(tmp_path / "net.onnx", "expected a node of ai.spikeloom with the attributes")


def test_weights_of_nan(tmp_path: Path) -> None:
    model = small()
    tensor = next(t for t in model.graph.initializer if len(t.dims) == 4)
    array = numpy_helper.to_array(tensor).copy()
    array[0, 0, 0, 0] = np.nan
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    onnx.save(model, tmp_path / "net.onnx")
    refuse(tmp_path / "net.onnx", "holds NaN or infinity")
