"""trained.onnx: other people's executor computes what torch computes, and the graph looks as the
reader expects.
"""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.change_batchsize import ChangeBatchSize
from qonnx.transformation.infer_shapes import InferShapes
from spikeloom import nn
from spikeloom.errors import SpikeLoomError
from spikeloom.frontend.onnx import lif_operator
from spikeloom.nn.export import to_onnx, write_trained
from torch.nn import (
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Flatten,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
)

BATCH = 32


def prepared(model: Module, x: torch.Tensor) -> Module:
    """Some steps of training, so that batch norm and thresholds are not at their start."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    goal = 4 * torch.rand_like(model.train()(x).detach())
    for _ in range(3):
        optimizer.zero_grad()
        (model(x) - goal).square().mean().backward()
        optimizer.step()
    return model.eval()


def compare(model: Module, x: torch.Tensor) -> onnx.ModelProto:
    exported = to_onnx(model, tuple(x.shape[1:]))
    wrapped = ModelWrapper(lif_operator.inline(exported)).transform(InferShapes())
    if exported.functions:  # qonnx cannot change the batch of a Reshape
        got = np.concatenate(
            [execute_onnx(wrapped, {"input": image[None].numpy()})["output"] for image in x]
        )
    else:
        got = execute_onnx(
            wrapped.transform(ChangeBatchSize(len(x))).transform(InferShapes()),
            {"input": x.numpy()},
        )["output"]
    with torch.no_grad():
        expected = model(x).numpy()
    assert got.shape == expected.shape
    assert len(np.unique(expected)) > 4  # a dead network proves nothing
    assert np.abs(got - expected).max() == 0
    return exported


class Residual(Module):
    def __init__(self, bits: int, steps: int, base: int) -> None:
        super().__init__()
        exact = {"weight_bits": bits, "power_of_two": True}
        self.quant = nn.QuantInput(5, signed=True, scale=0.25)
        self.first = nn.QuantConv2d(3, 8, 3, stride=2, padding=1, **exact)
        self.spike1 = nn.SpikePack(steps, base, power_of_two=True)
        self.depthwise = nn.QuantConv2d(8, 8, (3, 1), padding=(1, 0), groups=8, **exact)
        self.norm = BatchNorm2d(8)
        self.spike2 = nn.SpikePack(steps, base, power_of_two=True)
        self.tail = Sequential(
            MaxPool2d(2), ReLU(), AvgPool2d(2), Flatten(), nn.QuantLinear(8, 4, **exact)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.spike1(self.first(self.quant(x)))
        return self.tail(self.spike2(self.norm(self.depthwise(x)) + x))


@pytest.mark.parametrize(
    "bits,steps,base", [(1, 4, 2), (2, 1, 2), (4, 4, 2), (8, 3, 2), (4, 3, 3), (3, 4, 4)]
)
def test_residual_network(bits, steps, base):
    torch.manual_seed(bits + steps)
    x = torch.randn(BATCH, 3, 8, 8) * 2
    exported = compare(prepared(Residual(bits, steps, base), x), x)
    kinds = [node.op_type for node in exported.graph.node]
    assert kinds.count("MultiThreshold") == kinds.count("Gather") == (2 if base > 2 else 0)
    assert kinds.count("BipolarQuant") == (3 if bits == 1 else 0)


def test_an_input_of_one_bit_is_zero_or_one():
    torch.manual_seed(8)
    x = torch.rand(BATCH, 12) * 255
    head = [
        nn.QuantInput(1, scale=128),
        nn.QuantLinear(12, 16, weight_bits=1, power_of_two=True),
        BatchNorm1d(16),
    ]
    model = Sequential(
        *head, nn.SpikePack(2, power_of_two=True), nn.QuantLinear(16, 5, power_of_two=True)
    )
    exported = compare(prepared(model, x), x)
    assert [node.op_type for node in exported.graph.node][0] == "Quant"
    assert torch.equal(model[0](x).unique(), torch.tensor([0.0, 128.0]))


def test_float_scales_and_bias_before_a_neuron():
    torch.manual_seed(3)
    x = torch.rand(BATCH, 12) * 15
    head = [nn.QuantInput(4), nn.QuantLinear(12, 16, bias=True), BatchNorm1d(16), nn.SpikePack(4)]
    model = Sequential(*head, nn.QuantLinear(16, 8, bias=True), nn.SpikePack(3))
    compare(prepared(model, x), x)


def test_event_network():
    torch.manual_seed(4)
    x = (torch.rand(BATCH, 5, 2, 4, 4) < 0.3).float()
    conv, fc = nn.QuantConv2d(2, 8, 3, power_of_two=True), nn.QuantLinear(32, 3, power_of_two=True)
    model = Sequential(
        nn.Events(5), conv, BatchNorm2d(8), nn.SpikePack(3, power_of_two=True), Flatten(), fc
    )
    exported = compare(prepared(model, x), x)
    assert [node.op_type for node in exported.graph.node if "Quant" not in node.op_type][:2] == [
        "Mul",
        "ReduceSum",
    ]


@pytest.mark.parametrize("hard,leak", [(False, 2), (True, 0)])
def test_lif_network(hard, leak):
    torch.manual_seed(5)
    x = torch.randint(0, 16, (8, 1, 6, 6)).float()
    exact = {"power_of_two": True}
    options = {"leak": leak, "hard_reset": hard, "surrogate": "sigmoid", **exact}
    model = Sequential(
        nn.QuantInput(4),
        nn.QuantConv2d(1, 8, 3, **exact),
        BatchNorm2d(8),
        nn.LIF(5, repeat=True, **options),
        nn.Steps(MaxPool2d(2), nn.QuantConv2d(8, 16, 2, **exact), BatchNorm2d(16)),
        nn.LIF(5, **options),
        nn.Steps(Flatten(), nn.QuantLinear(16, 3, **exact)),
        nn.SumSteps(),
    )
    exported = compare(prepared(model, x), x)
    nodes = [node for node in exported.graph.node if lif_operator.is_lif(node)]
    assert [lif_operator.form_of(node) for node in nodes] == [
        lif_operator.form(5, leak, hard, True, floor=False),
        lif_operator.form(5, leak, hard, False, floor=False),
    ]
    assert {f.name for f in exported.functions} == {node.op_type for node in nodes}


def small() -> tuple[Module, torch.Tensor]:
    torch.manual_seed(6)
    x = torch.rand(BATCH, 6) * 15
    head = [nn.QuantInput(4), nn.QuantLinear(6, 6), BatchNorm1d(6), nn.SpikePack(4)]
    return prepared(Sequential(*head, nn.QuantLinear(6, 6), BatchNorm1d(6), nn.SpikePack(2)), x), x


def test_nodes_of_a_base_2_neuron():
    model, _ = small()
    graph = to_onnx(model, (6,)).graph
    (node,) = [node for node in graph.node if node.name == "3/Quant"]
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    assert attributes == {"signed": 0, "narrow": 0, "rounding_mode": b"ROUND"}
    values = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
    assert [values[name].item() for name in node.input[1:]] == [model[3].fixed_theta.item(), 0, 4]
    assert node.input[0] == node.input[0].removeprefix("/")
    assert values["1.weight"].shape == (6, 6)
    assert {node.op_type for node in graph.node} == {
        "Quant",
        "Transpose",
        "MatMul",
        "BatchNormalization",
    }


def test_export_is_deterministic_and_leaves_the_model_as_it_was(tmp_path):
    model, x = small()
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    write_trained(model, (6,), tmp_path / "a.onnx")
    write_trained(model, (6,), tmp_path / "b.onnx")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.onnx", "b.onnx"]
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    model(x).sum().backward()  # still trains


def test_a_threshold_must_be_known():
    with pytest.raises(SpikeLoomError, match="1: the threshold is not known yet"):
        to_onnx(Sequential(nn.QuantLinear(2, 2), nn.SpikePack(4)), (2,))
