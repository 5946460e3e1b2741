"""A table of thresholds: any monotone staircase."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from spikeloom.ir.neurons.neuron import Neuron, Neurons, Parameter, per_channel
from spikeloom.ir.number import Code, Ints, cut, signed_width


@dataclass(frozen=True, eq=False)
class Thresholds(Neuron):
    """Any monotone staircase (FINN: MultiThreshold): ``word = number of thresholds <= u``, found by
    T comparisons (successive approximation).

    With a signed code the first spike leaves inverted, as in SpikePack.

    Attributes
    ----------
    code: the output code; base >= 2.
    thresholds: (C, 2^T - 1), rising along axis 1; with a cut code T counts its live planes.
    """

    kind: ClassVar[str] = "thresholds"
    tabled: ClassVar[bool] = True

    code: Code
    thresholds: Ints

    def fire(self, u: Ints) -> Ints:
        channel, count = per_channel(np.arange(len(self.thresholds))), np.zeros_like(u)
        for t in reversed(range(self.code.live)):
            count += (u >= self.thresholds[channel, count + (1 << t) - 1]).astype(np.int64) << t
        return (count << self.code.silent) ^ self.code.sign_bit

    @property
    def steps(self) -> Ints:
        """(C, K) drives at which the rank of the word reaches 1..K."""
        return self.thresholds

    def parameters(self, runs: Neurons, theta_bound: int) -> dict[str, Parameter]:
        found = tables(runs)
        joined = np.concatenate([found[live].thresholds for live in sorted(found)], axis=1)
        return {"theta": Parameter(joined, signed_width(int(np.abs(joined).max())))}

    def offsets(self, runs: Neurons) -> tuple[int, ...]:
        found, starts, at = tables(runs), {}, 0
        for live in sorted(found):
            starts[live] = at
            at += found[live].thresholds.shape[1]
        return tuple(starts[run.live] for run in runs)

    def scaled(self, bits: int) -> Thresholds:
        return replace(self, thresholds=self.thresholds << bits)

    def stopped(self, silent: int) -> tuple[Thresholds, Ints]:
        none = np.zeros(len(self.thresholds), dtype=np.int64)
        return Thresholds(cut(self.code, silent), coarse_thresholds(self, silent)), none

    @property
    def proof(self) -> str:
        return "table"

    def describe(self) -> str:
        return "threshold table"

    @property
    def function(self) -> str:
        return "table"


def tables(runs: Neurons) -> dict[int, Thresholds]:
    """The tables of a layer by the number of planes that are run."""
    return {run.live: run for run in runs if isinstance(run, Thresholds)}


def coarse_thresholds(table: Thresholds, silent: int) -> Ints:
    """(C, 2^(T - silent) - 1) steps half way between the values of the code without its last
    planes.

    Step k of the table is taken to lie half way between its values k - 1 and k, as it does where a
    table rounds to the nearest; between two steps the drive is a straight line. Rounded up, since u
    is an integer.
    """
    fine, coarse = middles(table.code, 0), middles(table.code, silent)
    left = np.minimum(np.searchsorted(fine, coarse, side="right") - 1, len(fine) - 2)
    span = (fine[left + 1] - fine[left]).astype(object)
    along = (coarse - fine[left]).astype(object)
    low = table.thresholds[:, left].astype(object)
    high = table.thresholds[:, left + 1].astype(object)
    found: Ints = (low - ((low - high) * along) // span).astype(np.int64)
    return found


def middles(code: Code, silent: int) -> Ints:
    """Twice the middles between neighbours among the values of a code without its last planes,
    rising.
    """
    values = code.codebook[:: 1 << silent]
    return np.asarray(values[1:] + values[:-1], dtype=np.int64)
