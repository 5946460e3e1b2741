"""Poolings: the greatest word, or the sum of the values, of a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from spikeloom.ir.neurons import Neuron, Raw, per_channel
from spikeloom.ir.nodes.layer import Layer
from spikeloom.ir.nodes.node import Node
from spikeloom.ir.number import Code, Ints, Shape, cut
from spikeloom.ir.windows import Padding, Pair, window_shape, windows


@dataclass(frozen=True, eq=False)
class MaxPool(Node):
    """The greatest word of a window; for spike trains, OR per time step.

    Attributes
    ----------
    flip: (C,) where 1, the minimum is taken instead (a negative scale stood behind the max).
    """

    kind: ClassVar[str] = "max_pool"
    adds: ClassVar[bool] = False
    neuron: ClassVar[Neuron | None] = None
    weight_width: ClassVar[int] = 0

    name: str
    source: str
    kernel: Pair
    stride: Pair
    padding: Padding
    flip: Ints

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.source,)

    def map(self, maps: Sequence[Shape]) -> Shape:
        return window_shape(maps[0], maps[0][0], self.kernel, self.stride, self.padding, self.name)

    def format(self, formats: Sequence[Code]) -> Code:
        return formats[0]

    def compute(self, words: Sequence[Ints], formats: Sequence[Code]) -> Ints:
        code, mask = formats[0], per_channel(self.masks(formats[0]))
        patches = windows(words[0] ^ mask, self.kernel, self.stride, self.padding)
        return code.greatest(patches, axis=(4, 5)) ^ mask

    def masks(self, code: Code) -> Ints:
        """(C,) bits of a word that are inverted before and after the maximum is taken: all where it
        is the minimum, the first one of signed words, whose two's complement then orders as offset
        binary does.
        """
        return self.flip * ((1 << code.steps) - 1) ^ code.sign_bit

    @property
    def flips(self) -> bool:
        """Whether a channel takes the minimum."""
        return bool(self.flip.any())

    @property
    def synapses(self) -> Layer:
        raise TypeError(f"{self.name}: max pooling has no weights")

    def groups_of(self, channels: int) -> int:
        """Groups that its input channels are taken in: each by itself."""
        return channels

    def describe(self, i_map: Shape, o_map: Shape) -> str:
        return f"max pool {self.kernel[0]}×{self.kernel[1]}"


@dataclass(frozen=True)
class SumPool(Node):
    """The sum of the values of a window, as base-2 planes. The average's divisor is in what
    follows.
    """

    kind: ClassVar[str] = "sum_pool"

    name: str
    source: str
    kernel: Pair
    stride: Pair
    padding: Padding

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.source,)

    def map(self, maps: Sequence[Shape]) -> Shape:
        return window_shape(maps[0], maps[0][0], self.kernel, self.stride, self.padding, self.name)

    def format(self, formats: Sequence[Code]) -> Code:
        source = formats[0]
        top, unit = (
            source.max_value * self.kernel[0] * self.kernel[1],
            source.shifted(1, source.silent),
        )
        return cut(Code(max(1, top.bit_length())), (unit & -unit).bit_length() - 1)

    def compute(self, words: Sequence[Ints], formats: Sequence[Code]) -> Ints:
        values = formats[0].value(words[0])
        total: Ints = windows(values, self.kernel, self.stride, self.padding).sum(axis=(4, 5))
        return total

    def as_layer(self, channels: int, code: Code | None) -> Layer:
        """What it is computed as: a depthwise layer of ones, whose sums leave in a format."""
        zero = np.zeros(channels, dtype=np.int64)
        ones = np.ones((channels, 1, *self.kernel), dtype=np.int64)
        window = (self.stride, self.padding)
        return Layer(
            self.name, self.source, ones, Raw(code), zero, zero, zero, 0, *window, channels
        )

    def describe(self, i_map: Shape, o_map: Shape) -> str:
        return f"sum pool {self.kernel[0]}×{self.kernel[1]}"
