"""What every neuron answers, and what it answers where it says nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from spikeloom.ir.number import Code, Ints

Neurons = Sequence["Neuron"]
"""The neuron of one layer with 1, 2, ... time steps; with all of them at last."""


def per_channel(values: Ints) -> Ints:
    """A (C,) parameter broadcast against (N, C, H, W)."""
    return values.reshape(1, -1, 1, 1)


@dataclass(frozen=True, eq=False)
class Parameter:
    """Integers of a neuron, as memories and headers hold them.

    Attributes
    ----------
    values: (C,), or (C, K) where a channel has K of them.
    width: bits of one, two's complement; flags are 0 or 1, and have one bit.
    """

    values: Ints
    width: int
    flags: bool = False


class Neuron(ABC):
    """What happens to a drive u at the end of a layer, in integers.

    The layer computes ``u = (±v << f) + kappa * x_skip + beta`` per output channel; the neuron
    answers with a word of T spikes. Channels are on axis 1 of every array: (N, C, H, W).

    A subclass is a frozen dataclass whose fields are its numbers: arrays (C, ...), ``code``, and
    plain values. It is listed in ``spikeloom.ir.neurons.NEURONS``.
    """

    kind: ClassVar[str]
    """Its name in files."""
    temporal: ClassVar[bool] = False
    """Whether it goes from time step to time step, and takes a spike train step by step."""
    staircase: ClassVar[bool] = True
    """Whether its word only rises with the drive: what can be proven over the whole range."""
    fires: ClassVar[bool] = True
    """Whether it has units that work; else the drive itself leaves."""

    tabled: ClassVar[bool] = False
    """Whether it has a threshold of its own for every word, which takes large tables."""

    code: Code | None
    """Format of the words that leave; None for the network's integer output."""

    @abstractmethod
    def fire(self, u: Ints) -> Ints:
        """Words for drives (N, C, H, W), which stay the same over all time steps."""

    def fire_steps(self, currents: Ints) -> Ints:
        """Words (N, C, H, W) for the drives of each time step, (T, N, C, H, W)."""
        raise TypeError(f"a {self.kind} neuron does not go from time step to time step")

    def per_step(self, i_code: Code) -> bool:
        """Whether it runs once per plane of its input, and not once per word."""
        return self.temporal and i_code.spike_train

    @property
    def live(self) -> int:
        """Time steps that are run."""
        return 1 if self.code is None else self.code.live

    @property
    def theta_bound(self) -> int:
        """Largest threshold that drives are compared with, 0 where the drive bounds them."""
        return 0

    def state_bound(self, u_bound: int, theta_bound: int) -> int:
        """Largest magnitude of what a unit holds, for drives and thresholds up to these."""
        return u_bound

    def unit_cycles(self, groups: int, steps: int, per_step: bool) -> int:
        """Cycles that the units take for one result: ``groups`` of elements one after the other."""
        return groups if per_step else groups * steps

    def parameters(self, runs: Neurons, theta_bound: int) -> dict[str, Parameter]:
        """Its numbers by name, for hardware that runs each of ``runs``."""
        return {}

    @property
    def settings(self) -> dict[str, int | bool]:
        """What is the same for all channels, by name."""
        return {}

    def offsets(self, runs: Neurons) -> tuple[int, ...]:
        """Where the numbers of each run begin in a parameter; empty where all have the same."""
        return ()

    @property
    def scalable(self) -> bool:
        """Whether more fraction bits of the drive change no spike."""
        return True

    @abstractmethod
    def scaled(self, bits: int) -> Neuron:
        """The same neuron for drives with so many more fraction bits."""

    @property
    def hardware(self) -> tuple[object, ...]:
        """What two neurons must share to run on the same hardware, but for their numbers."""
        return (self.kind, self.code)

    @abstractmethod
    def stopped(self, silent: int) -> tuple[Neuron, Ints]:
        """The neuron without its last ``silent`` planes, and (C,) what beta grows by then."""

    def rate(self, inputs: Sequence[Fraction], steps: int, per_step: bool) -> Fraction | None:
        """All time steps over those that are run, where its values are a sum over time; else 1.

        None where it cannot do with fewer: an input is a count of spikes, of which some are
        missing. inputs: the same of the layer's inputs. steps: time steps that are run.
        """
        return Fraction(1) if all(rate == 1 for rate in inputs) else None

    def unreachable(self, most: Ints) -> Ints:
        """Channels that never fire with drives up to ``most``, (C,)."""
        return np.zeros(0, dtype=np.int64)

    @property
    @abstractmethod
    def proof(self) -> str:
        """How it is proven: see :class:`spikeloom.frontend.lower.prove.Proof`."""

    @abstractmethod
    def describe(self) -> str:
        """What a report calls it."""

    @property
    def function(self) -> str:
        """Name of its C++ function, and of the header that has it."""
        return self.kind
