"""No neuron: the drive itself leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from spikeloom.ir.neurons.neuron import Neuron
from spikeloom.ir.number import Code, Ints


@dataclass(frozen=True)
class Raw(Neuron):
    """No neuron: the drive leaves as it is. ``code`` says as which planes; None for the network's
    integer output.
    """

    kind: ClassVar[str] = "raw"
    staircase: ClassVar[bool] = False
    fires: ClassVar[bool] = False

    code: Code | None

    def fire(self, u: Ints) -> Ints:
        return u if self.code is None else self.code.word(u)

    def unit_cycles(self, groups: int, steps: int, per_step: bool) -> int:
        return 1

    @property
    def scalable(self) -> bool:
        return False

    def scaled(self, bits: int) -> Raw:
        return self

    def stopped(self, silent: int) -> tuple[Raw, Ints]:
        return self, np.zeros(1, dtype=np.int64)

    def rate(self, inputs: Sequence[Fraction], steps: int, per_step: bool) -> Fraction | None:
        if self.code is None and len(set(inputs)) == 1:
            return inputs[0]
        return super().rate(inputs, steps, per_step)

    @property
    def proof(self) -> str:
        return "exact"

    def describe(self) -> str:
        return "output" if self.code is None else "no neuron"
