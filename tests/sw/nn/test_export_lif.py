"""The ONNX form of LIF against the integer neuron, under onnxruntime and inlined."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from spikeloom.errors import SpikeLoomError, UnsupportedError
from spikeloom.frontend.onnx import lif_operator
from spikeloom.ir.neurons import LIF
from spikeloom.ir.number import Code


def model_of(steps, leak, hard, repeat, shape, theta, real=False):
    node = helper.make_node(
        lif_operator.op_name(steps, leak, hard, repeat, real),
        ["u", "theta"],
        ["s"],
        name="lif",
        domain=lif_operator.DOMAIN,
    )
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("u", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("s", TensorProto.FLOAT, ["a"] * (len(shape) + repeat))],
        [onnx.numpy_helper.from_array(theta, "theta")],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", lif_operator.OPSET)], ir_version=10
    )
    lif_operator.add_functions(model)
    onnx.checker.check_model(model)
    return model


def run(model, u):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"u": u.astype(np.float32)})[0]


@pytest.mark.parametrize(
    "steps,leak,hard,repeat",
    list(itertools.product((1, 5), (0, 1, 3), (False, True), (False, True))),
)
@pytest.mark.parametrize("scalar", [False, True])
def test_equals_integer_neuron(steps, leak, hard, repeat, scalar):
    rng = np.random.default_rng(steps * 100 + leak)
    theta = np.full(3, 7) if scalar else rng.integers(1, 12, 3)
    shape = (4, 3, 2, 5) if repeat else (4, steps, 3, 2, 5)
    u = rng.integers(-20, 20, shape)
    currents = np.stack([u] * steps) if repeat else np.moveaxis(u, 1, 0)
    code = Code(steps, 1)
    spikes = code.planes(LIF(code, theta, leak, hard).fire_steps(currents))
    stored = np.float32(7) if scalar else theta.astype(np.float32)
    model = model_of(steps, leak, hard, repeat, shape, np.asarray(stored))
    got = run(model, u)
    assert got.shape == (4, steps, 3, 2, 5)
    assert (got == np.moveaxis(spikes, 0, 1)).all()
    inlined = lif_operator.inline(model)
    assert not any(lif_operator.is_lif(node) for node in inlined.graph.node)
    assert (run(inlined, u) == got).all()


def test_vector_maps_of_rank_three():
    theta = np.array([2, 3], dtype=np.float32)
    u = np.array([[[2, 2], [0, 1], [0, 0]]])
    assert run(model_of(3, 0, False, False, (1, 3, 2), theta), u).tolist() == [
        [[1, 0], [0, 1], [0, 0]]
    ]


def test_real_leak_has_no_floor():
    theta = np.asarray(np.float32(1.5))
    u = np.array([[[1.0], [0.75], [0.0]]])
    assert run(model_of(3, 2, True, False, (1, 3, 1), theta, real=True), u).ravel().tolist() == [
        0,
        1,
        0,
    ]
    assert run(
        model_of(3, 2, True, False, (1, 3, 1), theta), np.array([[[-1.0], [2.0], [0]]])
    ).ravel().tolist() == [0, 1, 0]


@pytest.mark.parametrize("form", [(1, 0, True, False), (16, 4, False, True)])
@pytest.mark.parametrize("real", [False, True])
def test_parse_is_the_inverse(form, real):
    node = helper.make_node(
        lif_operator.op_name(*form, real), ["u", "theta"], ["s"], domain=lif_operator.DOMAIN
    )
    assert lif_operator.is_lif(node)
    assert lif_operator.parse(node) == form
    assert lif_operator.is_real(node) is real


def test_refusals():
    with pytest.raises(UnsupportedError, match="LIF_T8"):
        lif_operator.parse(
            helper.make_node("LIF_T8_hard", ["u"], ["s"], domain=lif_operator.DOMAIN)
        )
    with pytest.raises(UnsupportedError, match="Relu"):
        lif_operator.parse(helper.make_node("Relu", ["u"], ["s"]))
    with pytest.raises(SpikeLoomError, match="steps"):
        lif_operator.op_name(17, 0, True, False)
    with pytest.raises(SpikeLoomError, match="leak"):
        lif_operator.parse(
            helper.make_node("LIF_T4_K31_hard", ["u"], ["s"], domain=lif_operator.DOMAIN)
        )
