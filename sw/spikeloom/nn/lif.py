"""IF and LIF neurons with a surrogate gradient."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from spikeloom.errors import SpikeLoomError
from spikeloom.frontend.onnx import lif_operator
from spikeloom.ir.number import integer
from spikeloom.nn.neuron import Neuron
from spikeloom.nn.onnx_ops import LIFNode

SURROGATES = ("atan", "rectangle", "sigmoid")


class _Fire(torch.autograd.Function):
    """Heaviside step (1 at 0) of v = (m - theta) / theta; its gradient is that of a soft step."""

    @staticmethod
    def forward(ctx: Any, v: Tensor, spike: Tensor, surrogate: str) -> Tensor:
        ctx.save_for_backward(v)
        ctx.surrogate = surrogate
        return spike.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (v,) = ctx.saved_tensors
        if ctx.surrogate == "sigmoid":
            soft = torch.sigmoid(4 * v)
            slope = 4 * soft * (1 - soft)
        elif ctx.surrogate == "atan":
            slope = 1 / (1 + (math.pi * v).square())
        else:
            slope = (v.abs() <= 0.5).to(v.dtype)
        return grad * slope, None, None


class LIF(Neuron):
    """Leaky integrate and fire: currents (N, T, ...) to spikes 0.0 or 1.0 of the same shape;
    membrane 0 at the start.

    ``m = m - m / 2^leak + u_t``; ``s_t = (m >= theta)``; then ``m = 0`` where it fired (hard), or
    ``m -= theta`` (soft reset). The integer network floors the leak; training does not.

    steps: T, 1 to 16. leak: k of 2^-k, 0 for none. hard_reset: reset to zero. repeat: the input is
    one constant current (N, ...) for all time steps. surrogate: "sigmoid", "atan" or "rectangle",
    the shape of the gradient around the threshold. theta, learn, power_of_two: as in
    :class:`spikeloom.nn.SpikePack`; theta is 1 if not given.

    Raises SpikeLoomError if an argument is out of range, or the input has not T time steps.
    """

    def __init__(
        self,
        steps: int = 4,
        leak: int = 2,
        *,
        hard_reset: bool = False,
        repeat: bool = False,
        surrogate: str = "atan",
        theta: float = 1.0,
        learn: bool = True,
        power_of_two: bool = False,
    ) -> None:
        if surrogate not in SURROGATES:
            raise SpikeLoomError(
                f"LIF: surrogate must be one of {', '.join(SURROGATES)}, got {surrogate}"
            )
        steps, leak = integer(steps, "LIF: time steps T"), integer(leak, "LIF: leak")
        form = lif_operator.form(steps, leak, hard_reset, repeat, floor=False)
        super().__init__(steps, theta, learn, power_of_two)
        self.leak = leak
        self.hard_reset = hard_reset
        self.repeat = repeat
        self.surrogate = surrogate
        self.form = form

    def set_steps(self, steps: int) -> None:
        steps = integer(steps, "LIF: time steps T")
        self.form = replace(self.form, steps=steps)
        self.steps = steps

    def extra_repr(self) -> str:
        learn = self.log2_theta.requires_grad
        return (
            f"{self.form.function}, surrogate={self.surrogate}, learn={learn},"
            f" power_of_two={self.power_of_two}"
        )

    def forward(self, u: Tensor) -> Tensor:
        if not self.repeat and (u.dim() < 2 or u.shape[1] != self.steps):
            raise SpikeLoomError(
                f"LIF: expected currents (batch, {self.steps}, ...), got {tuple(u.shape)}"
            )
        if torch.onnx.is_in_onnx_export():
            return LIFNode.apply(u, self.fixed_theta, self.form, self._run)  # type: ignore[no-any-return, no-untyped-call]
        return self.keep(self._run(u, self.theta))

    def _run(self, u: Tensor, theta: Tensor) -> Tensor:
        currents = [u] * self.steps if self.repeat else u.unbind(1)
        membrane = torch.zeros_like(currents[0])
        spikes = []
        for current in currents:
            if self.leak:
                membrane = membrane - membrane / 2**self.leak
            membrane = membrane + current
            fires = membrane >= theta
            spike = _Fire.apply((membrane - theta) / theta, fires.to(u.dtype), self.surrogate)  # type: ignore[no-untyped-call]
            # the reset carries no gradient: what a spike takes from the membrane is not to be
            # learned through the surrogate
            membrane = (
                membrane.masked_fill(fires, 0.0)
                if self.hard_reset
                else membrane - spike.detach() * theta
            )
            spikes.append(spike)
        return torch.stack(spikes, dim=1)

    def planes(self, out: Tensor) -> Tensor:
        return out.detach().movedim(1, 0).to(torch.int64)

    def spike_count(self, out: Tensor) -> tuple[Tensor, int]:
        return out.sum(), out.numel() // self.steps


class IF(LIF):
    """Integrate and fire: :class:`LIF` without leak."""

    def __init__(self, steps: int = 4, **options: Any) -> None:
        super().__init__(steps, leak=0, **options)
