"""Time steps as an axis: (N, T, ...), for spiking layers and event input."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.number import Code


class Steps(nn.Sequential):
    """Runs layers on every time step: (N, T, ...) is merged to (N T, ...), passed through, and
    split again.

    Raises SpikeLoomError if the input has no axis of time steps.
    """

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() < 3:
            raise SpikeLoomError(f"Steps: expected (batch, T, ...), got {tuple(x.shape)}")
        steps = x.shape[1]
        y: Tensor = super().forward(x.reshape(-1, *x.shape[2:]))  # type: ignore[no-untyped-call]
        return y.reshape(-1, steps, *y.shape[1:])


class SumSteps(nn.Module):
    """Sum over the time steps: (N, T, ...) to (N, ...). The readout of a LIF network."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum(1)


class Events(nn.Module):
    """Event frames for a SpikePack network: spikes (N, T, C, H, W) to their packed value ``sum
    2^(T-t) s_t``, (N, C, H, W).

    Raises SpikeLoomError if steps is out of range or the input has not T time steps.
    """

    def __init__(self, steps: int) -> None:
        super().__init__()
        places = torch.from_numpy(Code(steps).place_values).to(torch.float32)
        self.steps = steps
        self.places: Tensor
        self.register_buffer("places", places.reshape(1, -1, 1, 1, 1), persistent=False)

    def extra_repr(self) -> str:
        return f"steps={self.steps}"

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 5 or x.shape[1] != self.steps:
            raise SpikeLoomError(
                f"Events: expected (batch, {self.steps}, C, H, W), got {tuple(x.shape)}"
            )
        return (x * self.places).sum(1)


class Add(nn.Module):
    """Residual sum, to be followed by a neuron; the same as ``a + b``, with a name in the exported
    graph.
    """

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b
