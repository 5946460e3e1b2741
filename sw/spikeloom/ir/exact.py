"""The network as it stands in the file, exact: accumulators, rational affine maps and activation
functions.

This is what the readers make and what the passes turn into the integer
:class:`spikeloom.ir.graph.Graph`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from spikeloom.errors import UnsupportedError
from spikeloom.ir.nodes import Node
from spikeloom.ir.number import Code, Ints
from spikeloom.ir.staircase import Cuts, Rationals


@dataclass(frozen=True, eq=False)
class Linear:
    """An accumulator: the integer convolution of a node's values, and where it comes from in the
    file.
    """

    name: str
    source: str
    weight: Ints
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1


@dataclass(frozen=True, eq=False)
class Affine:
    """``y = gain * x + offset``, (C,) each."""

    gain: Rationals
    offset: Rationals


@dataclass(frozen=True)
class Relu:
    """``y = max(x, 0)``"""


@dataclass(frozen=True, eq=False)
class Quantizer:
    """An activation function with finitely many outputs: ``y -> gain * q + offset``, q the value of
    a word of ``code``.

    Attributes
    ----------
    cuts: where the rank of the word steps; one row per channel.
    gain, offset: (C,) rationals.
    """

    name: str
    code: Code
    cuts: Cuts
    gain: Rationals
    offset: Rationals


@dataclass(frozen=True, eq=False)
class Threshold:
    """An IF or LIF neuron over ``code.steps`` time steps. theta: (C,) rationals in units of its
    current.

    ``real`` leaks without rounding in the source; otherwise the source is integers already and is
    taken as it is.
    """

    name: str
    code: Code
    theta: Rationals
    leak: int
    hard_reset: bool
    repeat: bool
    real: bool


@dataclass(frozen=True, eq=False)
class SourceLayer:
    """An accumulator with what follows it up to the words that leave: what the compiler turns into
    one layer.

    ``activation`` is None where the sum itself leaves: with ``out`` as words of that format,
    without it as the network's output; ``shift`` fraction bits then bring a residual onto its grid.
    """

    linear: Linear
    gain: Rationals
    offset: Rationals
    skip: str | None
    skip_gain: Rationals | None
    chain: tuple[Affine | Relu, ...]
    activation: Quantizer | Threshold | None
    out: Code | None = None
    shift: int = 0

    @property
    def name(self) -> str:
        return self.linear.name

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the nodes whose words it takes."""
        return (self.linear.source,) if self.skip is None else (self.linear.source, self.skip)

    def format(self, formats: Sequence[Code]) -> Code | None:
        """Format of the words that leave; None for the network's output."""
        return self.out if self.activation is None else self.activation.code


SourceNode = Node | SourceLayer


@dataclass(frozen=True, eq=False)
class Source:
    """The network as it stands in the file, exact: nodes in topological order, and the real output
    ``scale * v + bias``.
    """

    name: str
    nodes: tuple[SourceNode, ...]
    scale: Rationals
    bias: Rationals

    @property
    def layers(self) -> list[SourceLayer]:
        """What is turned into integer layers, in order."""
        return [node for node in self.nodes if isinstance(node, SourceLayer)]


def uniform(values: Rationals, name: str, what: str) -> Fraction:
    """The one value that all entries share. Raises UnsupportedError naming node and quantity."""
    if any(v != values[0] for v in values):
        raise UnsupportedError(
            f"{name}: expected one {what} for all channels, found several; use a per-tensor scale"
            " there"
        )
    first = values[0]
    return first if isinstance(first, Fraction) else Fraction(first)


def constants(value: Fraction | int, count: int) -> Rationals:
    """(count,) copies of a number."""
    array = np.empty(count, dtype=object)
    array[:] = Fraction(value)
    return array
