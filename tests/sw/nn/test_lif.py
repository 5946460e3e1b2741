"""IF and LIF in float: equal to the integer neuron where nothing rounds, and really trained by the
chosen surrogate.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from spikeloom import nn
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.neurons import LIF as IntegerLIF
from spikeloom.ir.number import Code


@pytest.mark.parametrize(
    "steps,hard,repeat", list(itertools.product((1, 4, 9), (False, True), (False, True)))
)
def test_if_equals_the_integer_neuron(steps, hard, repeat):
    rng = np.random.default_rng(steps)
    u = rng.integers(-9, 10, (6, 3, 2, 2) if repeat else (6, steps, 3, 2, 2))
    currents = np.stack([u] * steps) if repeat else np.moveaxis(u, 1, 0)
    code = Code(steps, 1)
    expected = code.planes(IntegerLIF(code, np.full(3, 5), 0, hard).fire_steps(currents))
    neuron = nn.IF(steps, hard_reset=hard, repeat=repeat, theta=5.0).eval()
    neuron.log2_theta.data = torch.log2(torch.tensor(5.0, dtype=torch.float64))
    with torch.no_grad():
        out = neuron(torch.from_numpy(u).double())
    assert out.shape == (6, steps, 3, 2, 2)
    assert (neuron.planes(out).numpy() == expected).all()


@pytest.mark.parametrize("hard", [False, True])
def test_leak_by_hand(hard):
    """theta 1, leak 1/2: 0.75, 0.375 + 0.75 = 1.125 fires, then 0 or 0.125 left."""
    neuron = nn.LIF(4, leak=1, hard_reset=hard).eval()
    u = torch.tensor([[[0.75], [0.75], [0.9375], [0.0]]])
    with torch.no_grad():
        assert neuron(u).ravel().tolist() == [0, 1, 0, 0] if hard else [0, 1, 1, 0]


def test_threshold_itself_fires():
    with torch.no_grad():
        assert nn.IF(1, theta=0.5).eval()(torch.tensor([[[0.5, 0.49999997]]])).ravel().tolist() == [
            1,
            0,
        ]


def slopes(surrogate: str, v: list[float]) -> list[float]:
    u = (1 + torch.tensor(v)).reshape(1, 1, -1).requires_grad_()
    nn.IF(1, surrogate=surrogate)(u).sum().backward()
    return u.grad.ravel().tolist()


def test_surrogates_differ_and_are_what_they_are_called():
    v = [-2.0, -0.25, 0.0, 0.25, 2.0]
    assert slopes("rectangle", v) == [0, 1, 1, 1, 0]
    assert slopes("atan", v) == pytest.approx([1 / (1 + (np.pi * a) ** 2) for a in v])
    soft = [1 / (1 + np.exp(-4 * a)) for a in v]
    assert slopes("sigmoid", v) == pytest.approx([4 * s * (1 - s) for s in soft], abs=1e-6)


def test_gradient_reaches_early_currents_and_the_threshold():
    u = torch.full((1, 3, 1), 0.3, requires_grad=True)
    neuron = nn.LIF(3, leak=2)
    neuron(u)[:, -1].sum().backward()
    assert (u.grad != 0).all()
    assert neuron.log2_theta.grad != 0


@pytest.mark.parametrize(
    "make,match",
    [
        (lambda: nn.LIF(0), "steps"),
        (lambda: nn.LIF(4, leak=-1), "leak"),
        (lambda: nn.LIF(4, surrogate="relu"), "surrogate must be one of atan"),
        (lambda: nn.IF(4, theta=0.0), "theta"),
        (
            lambda: nn.LIF(4)(torch.zeros(2, 3, 5)),
            r"expected currents \(batch, 4, ...\), got \(2, 3, 5\)",
        ),
    ],
)
def test_refusals(make, match):
    with pytest.raises(SpikeLoomError, match=match):
        make()
