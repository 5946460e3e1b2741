"""SpikePack: greedy serial firing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from spikeloom.errors import CapacityError
from spikeloom.ir.neurons.neuron import Neuron, Neurons, Parameter, per_channel
from spikeloom.ir.number import Code, Ints, cut, signed_width


@dataclass(frozen=True, eq=False)
class SpikePack(Neuron):
    """Greedy serial firing: for t = 1..T: ``s_t = (u >= theta * base^(T-t))``,
    ``u -= s_t * theta * base^(T-t)``.

    With base 2 the word is ``clip(floor(u / theta), 0, 2^T - 1)``. Source: SpikePack, arXiv
    2501.14484. A signed code fires the same way, with ``theta * 2^(T-1)`` inside beta, and its
    first spike leaves inverted: offset binary becomes two's complement, ``clip(floor(u / theta), 0,
    2^T - 1) - 2^(T-1)``. With a cut code firing stops after its live planes.

    Attributes
    ----------
    code: the output code; base >= 2.
    theta: (C,) thresholds > 0.
    tie: (C,) where 1, a last spike that leaves a residue of exactly 0 is cleared: with half a
        threshold in beta this rounds halves to even (base 2).
    """

    kind: ClassVar[str] = "spikepack"

    code: Code
    theta: Ints
    tie: Ints

    def __post_init__(self) -> None:
        if int(self.theta.max()) * self.largest_place >= 1 << 62:
            raise CapacityError(
                f"thresholds up to {self.theta.max()} do not fit {self.code}; use fewer time steps"
                " or a smaller base"
            )

    @property
    def largest_place(self) -> int:
        return int(np.abs(self.code.place_values).max())

    def fire(self, u: Ints) -> Ints:
        theta, tie = per_channel(self.theta), per_channel(self.tie)
        word = np.zeros_like(u)
        for place in np.abs(self.code.place_values[: self.code.live]):
            spike = (u >= theta * place).astype(np.int64)
            u = u - spike * theta * place
            word = (word << 1) | spike
        fired: Ints = (
            (word - ((word & 1) & tie & (u == 0))) << self.code.silent
        ) ^ self.code.sign_bit
        return fired

    @property
    def steps(self) -> Ints:
        """(C, K) drives at which the rank of the word reaches 1..K."""
        places = self.code.codebook - self.code.min_value
        odd = np.arange(1, len(places)) % 2
        return np.asarray(
            self.theta[:, None] * places[1:] + self.tie[:, None] * odd, dtype=np.int64
        )

    @property
    def theta_bound(self) -> int:
        return int(self.theta.max())

    def parameters(self, runs: Neurons, theta_bound: int) -> dict[str, Parameter]:
        places = np.abs(self.code.place_values)
        width = signed_width(theta_bound * self.largest_place)
        return {
            "theta": Parameter(self.theta[:, None] * places, width),
            "tie": Parameter(self.tie, 1, flags=True),
        }

    def scaled(self, bits: int) -> SpikePack:
        return replace(self, theta=self.theta << bits)

    def stopped(self, silent: int) -> tuple[SpikePack, Ints]:
        code = cut(self.code, silent)
        # u + a half is at least a whole number exactly where u is: the floor rounds nothing.
        more = (self.theta * ((1 << silent) - 1)) >> 1 if code.plain else 0 * self.theta
        return SpikePack(code, self.theta, 0 * self.tie), more

    @property
    def proof(self) -> str:
        return "tie" if self.tie.any() else "plain"

    def describe(self) -> str:
        return "SpikePack"
