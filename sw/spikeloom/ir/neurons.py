"""What happens to a drive u at the end of a layer: the neurons, in integers.

Every neuron gets ``u = (±v << f) + kappa * x_skip + beta`` per output channel, computed by the
layer, and answers with a word of T spikes. Channels are on axis 1 of every array: (N, C, H, W).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeloom.errors import CapacityError
from spikeloom.ir.number import Code, Ints


def per_channel(values: Ints) -> Ints:
    """A (C,) parameter broadcast against (N, C, H, W)."""
    return values.reshape(1, -1, 1, 1)


@dataclass(frozen=True, eq=False)
class SpikePack:
    """Greedy serial firing: for t = 1..T: ``s_t = (u >= theta * base^(T-t))``, ``u -= s_t * theta *
    base^(T-t)``.

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

    code: Code
    theta: Ints
    tie: Ints

    def __post_init__(self) -> None:
        if int(self.theta.max()) * int(np.abs(self.code.place_values).max()) >= 1 << 62:
            raise CapacityError(
                f"thresholds up to {self.theta.max()} do not fit {self.code}; use fewer time steps"
                " or a smaller base"
            )

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


@dataclass(frozen=True, eq=False)
class Table:
    """Any monotone staircase: ``word = number of thresholds <= u``, found by T comparisons
    (successive approximation).

    With a signed code the first spike leaves inverted, as in SpikePack.

    Attributes
    ----------
    code: the output code; base >= 2.
    thresholds: (C, 2^T - 1), rising along axis 1; with a cut code T counts its live planes.
    """

    code: Code
    thresholds: Ints

    def fire(self, u: Ints) -> Ints:
        channel, count = per_channel(np.arange(len(self.thresholds))), np.zeros_like(u)
        for t in reversed(range(self.code.live)):
            count += (u >= self.thresholds[channel, count + (1 << t) - 1]).astype(np.int64) << t
        return (count << self.code.silent) ^ self.code.sign_bit


@dataclass(frozen=True, eq=False)
class LIF:
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

    code: Code
    theta: Ints
    leak: int
    hard_reset: bool

    def fire(self, currents: Ints) -> Ints:
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


@dataclass(frozen=True)
class Raw:
    """No neuron: the drive leaves as it is. ``code`` says as which planes; None for the network's
    integer output.
    """

    code: Code | None


Neuron = SpikePack | Table | LIF | Raw
