"""The SpikePack neuron: parallel form = serial twin = integer neuron, gradients, calibration."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from spikeloom import nn
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.neurons import SpikePack as IntegerSpikePack
from spikeloom.ir.number import Code


def values(neuron: nn.SpikePack, seed: int) -> torch.Tensor:
    """Random values, every tie, and the float32 neighbours of every tie."""
    rng = torch.Generator().manual_seed(seed)
    top = neuron.code.max_value * float(neuron.fixed_theta)
    ties = neuron.midpoints * neuron.fixed_theta
    up, down = torch.tensor(torch.inf), torch.tensor(-torch.inf)
    edges = [
        ties,
        torch.nextafter(ties, up),
        torch.nextafter(ties, down),
        -ties,
        neuron.codebook * neuron.fixed_theta,
    ]
    extremes = torch.tensor([0.0, -0.0, 1e30, -1e30])
    return torch.cat(
        [
            torch.randn(2000, generator=rng) * top,
            torch.rand(2000, generator=rng) * top,
            *edges,
            extremes,
        ]
    )


@pytest.mark.parametrize("base", [2, 3, 4, 7])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 6, 8])
@pytest.mark.parametrize("theta", [1.0, 0.25, 0.37, 3.1415927])
def test_parallel_equals_serial(steps, base, theta):
    neuron = nn.SpikePack(steps, base, theta=theta).eval()
    z = values(neuron, steps)
    with torch.no_grad():
        out, spikes = neuron(z), neuron.serial(z)
    assert spikes.shape == (steps, *z.shape)
    assert torch.isin(spikes, torch.tensor([0.0, 1.0])).all()
    assert torch.equal(neuron.pack(spikes), out)
    assert torch.equal(neuron.planes(out), spikes.to(torch.int64))


@pytest.mark.parametrize("steps", [1, 3, 4, 8])
def test_base_2_is_a_clipped_round_half_to_even(steps):
    neuron = nn.SpikePack(steps, theta=0.5).eval()
    z = torch.arange(-40, 2**steps * 8 + 40) / 16
    with torch.no_grad():
        assert (
            neuron(z).numpy() == 0.5 * np.clip(np.round(z.numpy() / 0.5), 0, 2**steps - 1)
        ).all()


@pytest.mark.parametrize("steps", [1, 2, 4, 5])
def test_base_2_is_the_integer_neuron_with_tie_flag(steps):
    """theta = 1 in units of 1/8: half a threshold in beta, halves to even by the flag."""
    z = torch.arange(-20, 8 * 2**steps + 20)
    integer = IntegerSpikePack(Code(steps), theta=np.array([8]), tie=np.array([1]))
    words = integer.fire((z.numpy() + 4).reshape(-1, 1, 1, 1)).ravel()
    with torch.no_grad():
        assert (nn.SpikePack(steps, theta=1.0).eval()(z / 8).numpy() == words).all()


@pytest.mark.parametrize("base", [3, 4])
@pytest.mark.parametrize("steps", [2, 4])
def test_sparse_codes_take_the_nearest_code_word(steps, base):
    neuron = nn.SpikePack(steps, base, theta=1.0).eval()
    book = Code(steps, base).codebook
    z = np.arange(-8, 4 * book[-1] + 8) / 4
    distance = np.abs(z[:, None] - book[None])
    nearest = [
        book[np.flatnonzero(row == row.min())[-1]] for row in distance
    ]  # the higher one of two
    with torch.no_grad():
        assert (neuron(torch.from_numpy(z).float()).numpy() == nearest).all()


@pytest.mark.parametrize("base", [2, 4])
def test_gradient_passes_inside_the_range_only(base):
    neuron = nn.SpikePack(3, base, theta=0.5)
    top = neuron.code.max_value * 0.5
    z = torch.tensor([-1.0, -0.01, 0.01, 0.3, top - 0.1, top + 0.1, top + 5], requires_grad=True)
    neuron(z).sum().backward()
    assert z.grad.tolist() == [0, 0, 1, 1, 1, 0, 0]


def test_threshold_learns_as_lsq():
    neuron = nn.SpikePack(2, theta=1.0)
    for value, expected in ((-1.0, 0.0), (0.75, 0.25), (1.25, -0.25), (9.0, 3.0)):
        neuron.zero_grad()
        neuron(torch.tensor([value])).sum().backward()
        slope = neuron.log2_theta.grad.item() / np.log(2)  # d theta / d log2 theta = theta ln 2
        assert slope == pytest.approx(expected, abs=1e-6)


def test_threshold_can_be_fixed_or_a_power_of_two():
    fixed = nn.SpikePack(4, theta=0.3, learn=False)
    assert not any(p.requires_grad for p in fixed.parameters())
    rounded = nn.SpikePack(4, theta=0.3, power_of_two=True)
    assert rounded.fixed_theta.item() == 0.25
    rounded(torch.tensor([0.7])).sum().backward()
    assert rounded.log2_theta.grad != 0


def test_calibration_on_the_first_batch_only():
    torch.manual_seed(0)
    neuron = nn.SpikePack(4)
    z = torch.randn(1000)
    out = neuron(z)
    theta = neuron.fixed_theta.item()
    assert (out - z.clamp(min=0)).square().mean() < 0.02
    neuron(100 * z)
    assert neuron.fixed_theta.item() == theta
    other = nn.SpikePack(4)
    other.load_state_dict(neuron.state_dict())
    assert torch.equal(other(z), out)


@pytest.mark.parametrize("batch", [[0.0] * 8, [-1.0] * 8, [1.0, float("nan")], [float("inf")], []])
def test_calibration_refuses_useless_batches(batch):
    with pytest.raises(SpikeLoomError, match="threshold"):
        nn.SpikePack(4)(torch.tensor(batch))


@pytest.mark.parametrize(
    "steps,base,theta,match",
    [
        (0, 2, None, "T must be"),
        (17, 2, None, "T must be"),
        (4, 1, None, "take IF or LIF"),
        (4, 17, None, "tau must be"),
        (4, 2, -1.0, "theta must be a positive number, got -1.0"),
        (4, 2, float("nan"), "theta"),
    ],
)
def test_bad_arguments(steps, base, theta, match):
    with pytest.raises(SpikeLoomError, match=match):
        nn.SpikePack(steps, base, theta=theta)


def test_neuron_can_be_copied_in_the_middle_of_training():
    neuron = nn.SpikePack(4, theta=1.0)
    neuron(torch.randn(5, requires_grad=True))
    assert neuron.last is not None
    assert copy.deepcopy(neuron).last is None
