"""A neuron that rests for one time step after each spike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

import numpy as np
from spikeloom.ir.neurons.neuron import Neuron, Neurons, Parameter, per_channel
from spikeloom.ir.number import Code, Ints, cut, signed_width


@dataclass(frozen=True, eq=False)
class Resting(Neuron):
    """``m += u_t``; ``s_t = (m >= theta)``, but never twice in a row; ``m = 0`` after a spike.

    Attributes
    ----------
    code: the output code, base 1.
    theta: (C,) thresholds > 0.
    """

    kind: ClassVar[str] = "resting"
    temporal: ClassVar[bool] = True
    staircase: ClassVar[bool] = False

    code: Code
    theta: Ints

    def fire(self, u: Ints) -> Ints:
        return self.fire_steps(np.stack([u] * self.code.live))

    def fire_steps(self, currents: Ints) -> Ints:
        theta, spikes = per_channel(self.theta), []
        membrane, spike = np.zeros_like(currents[0]), np.zeros_like(currents[0])
        for current in currents:
            membrane = membrane + current
            spike = (membrane >= theta) * (1 - spike)
            membrane = membrane * (1 - spike)
            spikes.append(spike)
        return self.code.pack(np.stack(spikes)) << self.code.silent

    @property
    def theta_bound(self) -> int:
        return int(self.theta.max())

    def state_bound(self, u_bound: int, theta_bound: int) -> int:
        return u_bound * self.code.steps + theta_bound

    def parameters(self, runs: Neurons, theta_bound: int) -> dict[str, Parameter]:
        return {"theta": Parameter(self.theta, signed_width(theta_bound))}

    def scaled(self, bits: int) -> Resting:
        return replace(self, theta=self.theta << bits)

    def stopped(self, silent: int) -> tuple[Resting, Ints]:
        return replace(self, code=cut(self.code, silent)), 0 * self.theta

    def rate(self, inputs: Sequence[Fraction], steps: int, per_step: bool) -> Fraction | None:
        return Fraction(self.code.steps, min(self.code.steps, steps))

    @property
    def proof(self) -> str:
        return "frozen"

    def describe(self) -> str:
        return "IF, rests after a spike"
