"""Weights and a neuron: convolutions, linear layers, and what they are used for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.neurons import Neuron, per_channel
from spikeloom.ir.nodes.node import Node
from spikeloom.ir.number import Code, Ints, Shape
from spikeloom.ir.windows import Padding, Pair, conv, window_shape


@dataclass(frozen=True, eq=False)
class Layer(Node):
    """Weights and neuron: ``v = conv(x, weight)``, ``u = ((negate ? -v : v) << shift) + kappa *
    x_skip + beta``, ``neuron(u)``.

    A linear layer is a convolution whose kernel covers its whole input map.

    Attributes
    ----------
    source: name of the node that feeds the synapses.
    weight: (O, I / groups, kh, kw) integers.
    padding: top, left, bottom, right; padding never spikes.
    shift: f, fraction bits of the drive. beta, kappa, negate: (O,).
    skip: name of the node whose values join the drive scaled by kappa, or None.
    """

    kind: ClassVar[str] = "layer"
    adds: ClassVar[bool] = True
    flips: ClassVar[bool] = False

    name: str
    source: str
    weight: Ints
    neuron: Neuron
    beta: Ints
    negate: Ints
    kappa: Ints
    shift: int = 0
    stride: Pair = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    groups: int = 1
    skip: str | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.source,) if self.skip is None else (self.source, self.skip)

    @property
    def synapses(self) -> Layer:
        """What sums: the layer itself."""
        return self

    def groups_of(self, channels: int) -> int:
        """Groups that its input channels are taken in."""
        return self.groups

    def masks(self, code: Code) -> Ints:
        """(O,) bits of a word that are inverted on the way: none."""
        return np.zeros(len(self.weight), dtype=np.int64)

    @property
    def kernel(self) -> Pair:
        return int(self.weight.shape[2]), int(self.weight.shape[3])

    @cached_property
    def weight_width(self) -> int:
        """Bits of the widest weight in two's complement."""
        low, high = int(self.weight.min()), int(self.weight.max())
        return max(max(high, 0).bit_length(), max(-low - 1, 0).bit_length()) + 1

    @cached_property
    def binary(self) -> bool:
        """Whether all weights are +1 or -1."""
        return bool((np.abs(self.weight) == 1).all())

    @cached_property
    def weight_bits(self) -> int:
        """Bits of a weight that are not the same in all weights: one where all are plus or minus
        one, else as a rule all of them.
        """
        different = int(np.bitwise_or.reduce((self.weight ^ self.weight.flat[0]).ravel()))
        return (different & ((1 << self.weight_width) - 1)).bit_count()

    @cached_property
    def weight_sum(self) -> int:
        """Largest sum of magnitudes of the weights of one output channel."""
        return int(np.abs(self.weight).sum(axis=(1, 2, 3)).max())

    def map(self, maps: Sequence[Shape]) -> Shape:
        channels = maps[0][0]
        if channels != self.weight.shape[1] * self.groups or self.weight.shape[0] % self.groups:
            found = f"weights {self.weight.shape} in {self.groups} groups"
            raise SpikeLoomError(f"{self.name}: {found} do not fit {channels} channels")
        outputs = int(self.weight.shape[0])
        found_map = window_shape(
            maps[0], outputs, self.kernel, self.stride, self.padding, self.name
        )
        for skip, shape in zip(self.inputs[1:], maps[1:], strict=True):
            if shape != found_map:
                raise SpikeLoomError(
                    f"{self.name}: skip {skip} has shape {shape}, expected {found_map}"
                )
        return found_map

    def format(self, formats: Sequence[Code]) -> Code | None:
        return self.neuron.code

    def drive(self, v: Ints, joined: Ints | None) -> Ints:
        """u of sums v and values of the residual, (N, O, H, W) each."""
        u = (np.where(per_channel(self.negate), -v, v) << self.shift) + per_channel(self.beta)
        return u if joined is None else u + per_channel(self.kappa) * joined

    def drives(self, words: Sequence[Ints], formats: Sequence[Code]) -> Ints:
        """u of every time step, (steps, N, O, H, W): one step but where a spike train is taken step
        by step.
        """
        if self.neuron.per_step(formats[0]):
            steps = [code.planes(word) for code, word in zip(formats, words, strict=True)]
        else:
            steps = [code.value(word)[None] for code, word in zip(formats, words, strict=True)]
        live = self.neuron.live if self.neuron.per_step(formats[0]) else 1
        found = []
        for values in zip(*(step[:live] for step in steps), strict=True):
            v = conv(values[0], self.weight, self.stride, self.padding, self.groups)
            found.append(self.drive(v, values[1] if len(values) > 1 else None))
        return np.stack(found)

    def compute(self, words: Sequence[Ints], formats: Sequence[Code]) -> Ints:
        u = self.drives(words, formats)
        return (
            self.neuron.fire_steps(u)
            if self.neuron.per_step(formats[0])
            else self.neuron.fire(u[0])
        )

    @property
    def time_steps(self) -> int:
        code = self.neuron.code
        return code.steps if self.neuron.fires and code is not None else 1

    def stopped(self, steps: int) -> Layer:
        silent = max(0, self.time_steps - steps)
        if not silent:
            return self
        neuron, more = self.neuron.stopped(silent)
        return replace(self, neuron=neuron, beta=self.beta + more)

    def rate(
        self, inputs: Sequence[Fraction], steps: int, formats: Sequence[Code]
    ) -> Fraction | None:
        return self.neuron.rate(inputs, steps, self.neuron.per_step(formats[0]))

    def describe(self, i_map: Shape, o_map: Shape) -> str:
        if self.kernel == i_map[1:] and o_map[1:] == (1, 1):
            return f"linear {i_map[0] * self.kernel[0] * self.kernel[1]}→{o_map[0]}"
        size = f"{self.kernel[0]}×{self.kernel[1]}"
        if self.groups == i_map[0] and self.groups > 1:
            return f"depthwise {size}"
        return f"conv {size}{f', {self.groups} groups' if self.groups > 1 else ''}"

    def added_once(self, channels: int) -> Ints:
        return super().added_once(channels) if self.neuron.fires else self.beta
