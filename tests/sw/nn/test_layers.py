"""Quantized layers, time steps as an axis, and the spike meters."""

from __future__ import annotations

import pytest
import torch
from spikeloom import nn
from spikeloom.errors import SpikeLoomError
from torch.nn import AvgPool2d, BatchNorm1d, BatchNorm2d, Flatten, MaxPool2d, ReLU, Sequential


@pytest.mark.parametrize("bits", range(1, 9))
@pytest.mark.parametrize("power_of_two", [False, True])
def test_weights_are_integers_times_a_scale_per_channel(bits, power_of_two):
    torch.manual_seed(bits)
    for layer, shape in (
        (
            nn.QuantConv2d(4, 6, 3, groups=2, weight_bits=bits, power_of_two=power_of_two),
            (6, 1, 1, 1),
        ),
        (nn.QuantLinear(7, 6, weight_bits=bits, power_of_two=power_of_two), (6, 1)),
    ):
        weight = layer.quant_weight()
        assert weight.scale.shape == shape
        integers = (weight.value / weight.scale).round()
        assert torch.equal(integers * weight.scale, weight.value)
        top = 1 if bits == 1 else 2 ** (bits - 1) - 1
        assert integers.abs().max() <= top
        assert (integers != 0).all() if bits == 1 else integers.abs().max() > top / 2
        if power_of_two:
            assert torch.equal(torch.log2(weight.scale), torch.log2(weight.scale).round())


@pytest.mark.parametrize("bits", [0, 9])
def test_weight_bits_out_of_range(bits):
    with pytest.raises(SpikeLoomError, match=f"weight_bits must be 1 to 8, got {bits}"):
        nn.QuantLinear(2, 2, weight_bits=bits)


@pytest.mark.parametrize(
    "bits,signed,scale",
    [(4, False, 1.0), (1, False, 1.0), (8, True, 0.25), (2, True, 2.0), (8, False, 1 / 256)],
)
def test_input_is_rounded_and_clipped(bits, signed, scale):
    quant = nn.QuantInput(bits, signed=signed, scale=scale).eval()
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    x = torch.arange(-600, 601) * scale / 4
    assert torch.equal(quant(x), scale * (x / scale).round().clamp(low, high))
    assert not list(quant.parameters())


@pytest.mark.parametrize(
    "arguments",
    [
        {"bits": 0},
        {"bits": 17},
        {"bits": 1, "signed": True},
        {"bits": 4, "scale": 0.3},
        {"bits": 4, "scale": 0.0},
    ],
)
def test_input_refusals(arguments):
    with pytest.raises(SpikeLoomError, match="input (bits|scale) must be"):
        nn.QuantInput(**arguments)


def test_steps_runs_every_time_step_alike():
    torch.manual_seed(0)
    body = Sequential(nn.QuantConv2d(2, 3, 3), MaxPool2d(2), Flatten()).eval()
    x = torch.randn(5, 4, 2, 6, 6)
    out = nn.Steps(*body)(x)
    assert out.shape == (5, 4, 12)
    assert torch.equal(out, torch.stack([body(x[:, t]) for t in range(4)], dim=1))
    assert torch.equal(nn.SumSteps()(out), out.sum(1))


def test_events_pack_the_first_frame_highest():
    x = torch.zeros(1, 3, 2, 1, 2)
    x[0, 0, 0, 0, 0] = x[0, 2, 0, 0, 0] = x[0, 1, 1, 0, 1] = 1
    assert nn.Events(3)(x).tolist() == [[[[5, 0]], [[0, 2]]]]


@pytest.mark.parametrize(
    "module,shape",
    [(nn.Events(3), (1, 4, 2, 2, 2)), (nn.Events(3), (3, 2, 2)), (nn.Steps(ReLU()), (2, 3))],
)
def test_wrong_shapes(module, shape):
    with pytest.raises(SpikeLoomError, match="expected"):
        module(torch.zeros(shape))


def every_kind() -> Sequential:
    return Sequential(
        nn.QuantInput(4),
        nn.QuantConv2d(1, 4, 3, padding=1),
        BatchNorm2d(4),
        ReLU(),
        nn.SpikePack(4),
        AvgPool2d(2),
        Flatten(),
        nn.QuantLinear(16, 8, bias=True),
        BatchNorm1d(8),
        nn.SpikePack(3, 4),
        nn.QuantLinear(8, 2),
    )


def test_density_counts_bits_by_plane():
    torch.manual_seed(0)
    model = every_kind()
    x = torch.randint(0, 16, (6, 1, 4, 4)).float()
    model(x)
    model.eval()
    with torch.no_grad(), nn.density(model) as bits:
        model(x[:2])
        model(x[2:])
    words = model[4].serial(model[:4](x).detach())
    assert list(bits) == ["4", "9"]
    assert bits["4"].tolist() == words.double().mean((1, 2, 3, 4)).tolist()
    assert bits["9"].shape == (3,)
    assert all(len(m._forward_hooks) == 0 for m in model.modules())


def test_spike_penalty_is_the_true_count_with_a_gradient_that_lowers_it():
    torch.manual_seed(0)
    model = Sequential(
        nn.QuantLinear(16, 32),
        BatchNorm1d(32),
        nn.SpikePack(4),
        nn.QuantLinear(32, 8),
        nn.SpikePack(3, 4),
    )
    x = torch.randn(64, 16)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    counts = []
    for _ in range(40):
        optimizer.zero_grad()
        hidden = model[:3](x)
        out = model[3:](hidden)
        loss = nn.spike_penalty(model)
        true = (model[2].planes(hidden).sum() + model[4].planes(out).sum()) / (
            hidden.numel() + out.numel()
        )
        assert loss.item() == pytest.approx(true.item(), abs=1e-5)
        loss.backward()
        optimizer.step()
        counts.append(loss.item())
    assert counts[-1] < 0.6 * counts[0]


def test_spike_penalty_of_lif_counts_spikes():
    neuron = nn.LIF(4, leak=0)
    out = neuron(torch.ones(2, 4, 3, requires_grad=True))
    penalty = nn.spike_penalty(neuron)
    assert penalty.item() == out.sum().item() / 6 == 4
    penalty.backward()
    assert neuron.log2_theta.grad < 0 or neuron.log2_theta.grad > 0


def test_spike_penalty_needs_a_training_step():
    model = every_kind()
    with pytest.raises(SpikeLoomError, match="training mode"):
        nn.spike_penalty(model)
