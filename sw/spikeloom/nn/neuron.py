"""What all trainable neurons share: a positive threshold, and a view on the spikes of their last
answer.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.number import number


class Neuron(nn.Module, ABC):
    """A layer of spiking neurons with one threshold per tensor, learned as its base-2 logarithm.

    Attributes
    ----------
    steps: T. theta: the threshold, a float32 scalar > 0.
    last: the last output of a training step with its gradient, for
        :func:`spikeloom.nn.spike_penalty`; None in eval mode.
    """

    def __init__(self, steps: int, theta: float | None, learn: bool, power_of_two: bool) -> None:
        super().__init__()
        theta = number(theta, "threshold theta") if theta is not None else None
        if theta is not None and not (theta > 0 and math.isfinite(theta)):
            raise SpikeLoomError(f"threshold theta must be a positive number, got {theta}")
        self.steps = steps
        self.power_of_two = power_of_two
        self.log2_theta = nn.Parameter(
            torch.tensor(math.log2(theta) if theta is not None else 0.0), requires_grad=learn
        )
        self.calibrated: Tensor
        self.register_buffer("calibrated", torch.tensor(theta is not None))
        self.last: Tensor | None = None

    @property
    def theta(self) -> Tensor:
        """The threshold, with a gradient to the parameter (straight through where powers of two
        round it).
        """
        exponent: Tensor = self.log2_theta
        if self.power_of_two:
            exponent = exponent + (exponent.round() - exponent).detach()
        return torch.exp2(exponent)

    @property
    def fixed_theta(self) -> Tensor:
        """The same number as a constant, shape (): what an exported graph holds."""
        return torch.tensor(self.theta.detach().item())

    @torch.no_grad()
    def calibrate(self, theta: float) -> None:
        """Set the threshold. Raises SpikeLoomError unless it is a positive number."""
        if not (theta > 0 and math.isfinite(theta)):
            raise SpikeLoomError(
                f"threshold theta must be a positive number, got {theta}: is the input of the"
                " neuron constant or NaN?"
            )
        self.log2_theta.fill_(math.log2(theta))
        self.calibrated.fill_(True)

    @abstractmethod
    def set_steps(self, steps: int) -> None:
        """Another T, 1 to 16, before training. Raises SpikeLoomError if it is out of range."""

    @abstractmethod
    def planes(self, out: Tensor) -> Tensor:
        """The spikes behind an output of this neuron: (T, N, ...) of 0 and 1, int64."""

    @abstractmethod
    def spike_count(self, out: Tensor) -> tuple[Tensor, int]:
        """(set bits, number of activations) of an output; the first is a scalar with a useful
        gradient.
        """

    def keep(self, out: Tensor) -> Tensor:
        self.last = out if self.training and out.requires_grad else None
        return out

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state["last"] = None  # a tensor inside a graph can be neither copied nor saved
        return state
