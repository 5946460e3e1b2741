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


def node_of(form):
    names = (["u", "theta"], ["s"])
    domain = lif_operator.DOMAIN
    return helper.make_node(form.function, *names, name="lif", domain=domain, **form.attributes)


def model_of(steps, leak, hard, repeat, shape, theta, real=False):
    node = node_of(lif_operator.form(steps, leak, hard, repeat, floor=not real))
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
@pytest.mark.parametrize("floor", [False, True])
def test_the_attributes_say_everything(form, floor):
    made = lif_operator.form(*form, floor)
    node = node_of(made)
    assert lif_operator.is_lif(node) and lif_operator.form_of(node) == made
    node.op_type = "LIF_of_another_name"
    assert lif_operator.form_of(node) == made
    assert (made.steps, made.leak, made.hard_reset, made.repeat) == form and made.floor == floor


def test_every_form_has_a_function_of_its_own():
    forms = [
        lif_operator.form(*numbers)
        for numbers in itertools.product((1, 8), (0, 2), *[(False, True)] * 3)
    ]
    assert len({form.function for form in forms}) == len(forms)


def changed(**changes):
    """A node with other attributes; those that are None are left away."""
    node = node_of(lif_operator.form(8, 2, True))
    del node.attribute[:]
    wanted = lif_operator.form(8, 2, True).attributes | changes
    for name, value in wanted.items():
        if value is not None:
            node.attribute.append(helper.make_attribute(name, value))
    return node


def test_refusals():
    old = helper.make_node("LIF_T8_K2_hard", ["u"], ["s"], domain=lif_operator.DOMAIN)
    for node in (
        old,
        helper.make_node("Relu", ["u"], ["s"]),
        changed(leak=None),
        changed(another=1),
        changed(steps=1.5),
        changed(reset=1),
    ):
        with pytest.raises(UnsupportedError, match="expected a node of ai.spikeloom with the attr"):
            lif_operator.form_of(node)
    for changes, what in (
        ({"steps": 17}, "steps"),
        ({"steps": 0}, "steps"),
        ({"leak": 31}, "leak"),
        ({"leak": -1}, "leak"),
        ({"reset": "none"}, "reset must be soft or hard"),
        ({"repeat": 2}, "repeat and floor"),
        ({"floor": -1}, "repeat and floor"),
    ):
        with pytest.raises(SpikeLoomError, match=what):
            lif_operator.form_of(changed(**changes))
