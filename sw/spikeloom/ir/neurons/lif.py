"""IF and LIF: one time step after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np

from spikeloom.ir.neurons.neuron import Neuron, Neurons, Parameter, per_channel
from spikeloom.ir.number import Code, Ints, cut, signed_width


@dataclass(frozen=True, eq=False)
class LIF(Neuron):
    """Leaky integrate and fire, one time step after the other, membrane 0 at the start of every
    position.

    ``m = m - (m >> leak) + u_t``; ``s_t = (m >= theta)``; then ``m = 0`` (hard reset) or ``m -=
    theta`` (soft). ``leak = 0`` is IF: no leak.

    Attributes
    ----------
    code: the output code, base 1.
    theta: (C,) thresholds > 0.
    leak: k of the shift; 0 for none.
    hard_reset: reset to zero instead of subtracting the threshold.
    """

    kind: ClassVar[str] = "lif"
    temporal: ClassVar[bool] = True
    staircase: ClassVar[bool] = False

    code: Code
    theta: Ints
    leak: int
    hard_reset: bool

    def fire(self, u: Ints) -> Ints:
        return self.fire_steps(np.stack([u] * self.code.live))

    def fire_steps(self, currents: Ints) -> Ints:
        """currents: (T, N, C, H, W), the drive of each time step; T is the number of live
        planes.
        """
        theta = per_channel(self.theta)
        membrane = np.zeros_like(currents[0])
        spikes = []
        for current in currents:
            if self.leak:
                membrane = membrane - (membrane >> self.leak)
            membrane = membrane + current
            spike = (membrane >= theta).astype(np.int64)
            membrane = membrane * (1 - spike) if self.hard_reset else membrane - spike * theta
            spikes.append(spike)
        return self.code.pack(np.stack(spikes)) << self.code.silent

    @property
    def theta_bound(self) -> int:
        return int(self.theta.max())

    def state_bound(self, u_bound: int, theta_bound: int) -> int:
        return u_bound * self.code.steps + theta_bound

    def parameters(self, runs: Neurons, theta_bound: int) -> dict[str, Parameter]:
        return {"theta": Parameter(self.theta, signed_width(theta_bound))}

    @property
    def settings(self) -> dict[str, int | bool]:
        return {"leak": self.leak, "hard_reset": self.hard_reset}

    @property
    def scalable(self) -> bool:
        return not self.leak  # its floor rounds

    def scaled(self, bits: int) -> LIF:
        return replace(self, theta=self.theta << bits)

    @property
    def hardware(self) -> tuple[object, ...]:
        return (*super().hardware, *self.settings.values())

    def stopped(self, silent: int) -> tuple[LIF, Ints]:
        return replace(self, code=cut(self.code, silent)), 0 * self.theta

    def rate(self, inputs: Sequence[Fraction], steps: int, per_step: bool) -> Fraction | None:
        if not per_step and super().rate(inputs, steps, per_step) is None:
            return None
        return Fraction(self.code.steps, min(self.code.steps, steps))

    def unreachable(self, most: Ints) -> Ints:
        return np.flatnonzero(np.maximum(most, 0) * self.code.steps < self.theta)

    @property
    def proof(self) -> str:
        return "frozen"

    def describe(self) -> str:
        return f"LIF, leak 2^-{self.leak}" if self.leak else "IF"
