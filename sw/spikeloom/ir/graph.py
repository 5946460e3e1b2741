"""The integer network: what the compiler makes of a model, and what every later rung computes bit
for bit.

A linear layer is a convolution whose kernel covers its whole input map, so one node kind serves
both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.neurons import LIF, Neuron, Raw
from spikeloom.ir.number import Code, Ints, cut
from spikeloom.ir.number import Shape as Shape


@dataclass(frozen=True)
class Input:
    """Where words come from: ``q = clip(round_half_even(x / scale + zero_point), low, high)``.

    With ``events`` the real input is (N, T, C, H, W) spikes 0 or 1, packed as they are.

    Attributes
    ----------
    shape: channels, height, width of one image.
    real_shape: shape of one real input as the source model takes it, without the batch, e.g. (64,)
        or (1, 8, 8).
    code: word format. zero_point is already part of the words: their value is q.
    narrow: the lowest signed value is not used (QONNX `narrow`).
    """

    name: str
    shape: Shape
    real_shape: tuple[int, ...]
    code: Code
    scale: float = 1.0
    zero_point: int = 0
    narrow: bool = False
    events: bool = False


@dataclass(frozen=True, eq=False)
class Layer:
    """Weights and neuron: ``v = conv(x, weight)``, ``u = ((negate ? -v : v) << shift) + kappa *
    x_skip + beta``, ``neuron(u)``.

    Attributes
    ----------
    source: name of the node that feeds the synapses.
    weight: (O, I / groups, kh, kw) integers.
    padding: top, left, bottom, right; padding never spikes.
    shift: f, fraction bits of the drive. beta, kappa, negate: (O,).
    skip: name of the node whose values join the drive scaled by kappa, or None.
    """

    name: str
    source: str
    weight: Ints
    neuron: Neuron
    beta: Ints
    negate: Ints
    kappa: Ints
    shift: int = 0
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    groups: int = 1
    skip: str | None = None

    @property
    def kernel(self) -> tuple[int, int]:
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


@dataclass(frozen=True, eq=False)
class Pool:
    """Max of words (OR per plane for base 1), or the sum of values as base-2 planes.

    Attributes
    ----------
    kind: "max" or "sum".
    flip: (C,) where 1, the minimum is taken instead (a negative scale stood behind the max).
    """

    name: str
    source: str
    kind: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    flip: Ints


Node = Input | Layer | Pool


def summing(pool: Pool, channels: int, code: Code | None) -> Layer:
    """A sum pooling as what it is computed as: a depthwise layer of ones."""
    zero, ones = (
        np.zeros(channels, dtype=np.int64),
        np.ones((channels, 1, *pool.kernel), dtype=np.int64),
    )
    return Layer(
        pool.name,
        pool.source,
        ones,
        Raw(code),
        zero,
        zero,
        zero,
        0,
        pool.stride,
        pool.padding,
        channels,
    )


def window_shape(
    shape: Shape,
    channels: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    name: str,
) -> Shape:
    """Output map of a sliding window. Raises SpikeLoomError if the kernel does not fit."""
    height = (shape[1] + padding[0] + padding[2] - kernel[0]) // stride[0] + 1
    width = (shape[2] + padding[1] + padding[3] - kernel[1]) // stride[1] + 1
    if height < 1 or width < 1:
        raise SpikeLoomError(
            f"{name}: kernel {kernel} does not fit the padded map {shape[1]}x{shape[2]}"
        )
    if (
        padding[0] >= kernel[0]
        or padding[2] >= kernel[0]
        or padding[1] >= kernel[1]
        or padding[3] >= kernel[1]
    ):
        raise SpikeLoomError(f"{name}: padding {padding} must be smaller than the kernel {kernel}")
    return channels, height, width


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in topological order, the input first, the output last.

    Attributes
    ----------
    scale, bias: (O,) float64; the network's real output is ``scale * v + bias`` of the last node's
        values.
    notes: what a user should know though all is well, one line each that names its node.
    """

    name: str
    nodes: tuple[Node, ...]
    scale: npt.NDArray[np.float64] = field(default_factory=lambda: np.ones(1))
    bias: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    notes: tuple[str, ...] = ()

    @property
    def input(self) -> Input:
        first = self.nodes[0]
        if not isinstance(first, Input):
            raise SpikeLoomError(f"{self.name}: the first node must be the input, got {first.name}")
        return first

    @property
    def output(self) -> Node:
        return self.nodes[-1]

    def __getitem__(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Output map of every node."""
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            if isinstance(node, Input):
                shapes[node.name] = node.shape
            elif isinstance(node, Layer):
                i_shape = shapes[node.source]
                if (
                    i_shape[0] != node.weight.shape[1] * node.groups
                    or node.weight.shape[0] % node.groups
                ):
                    found = f"weights {node.weight.shape} in {node.groups} groups"
                    raise SpikeLoomError(f"{node.name}: {found} do not fit {i_shape[0]} channels")
                shapes[node.name] = window_shape(
                    i_shape,
                    int(node.weight.shape[0]),
                    node.kernel,
                    node.stride,
                    node.padding,
                    node.name,
                )
                if node.skip is not None and shapes[node.skip] != shapes[node.name]:
                    raise SpikeLoomError(
                        f"{node.name}: skip {node.skip} has shape {shapes[node.skip]}, expected"
                        f" {shapes[node.name]}"
                    )
            else:
                i_shape = shapes[node.source]
                shapes[node.name] = window_shape(
                    i_shape, i_shape[0], node.kernel, node.stride, node.padding, node.name
                )
        return shapes

    @cached_property
    def codes(self) -> dict[str, Code | None]:
        """Word format that leaves every node; None for the integer output."""
        codes: dict[str, Code | None] = {}
        for node in self.nodes:
            if isinstance(node, Input):
                codes[node.name] = node.code
            elif isinstance(node, Layer):
                codes[node.name] = node.neuron.code
            elif node.kind == "max":
                codes[node.name] = codes[node.source]
            else:
                source = codes[node.source]
                if source is None:
                    raise SpikeLoomError(
                        f"{node.source}: an integer output cannot feed another layer"
                    )
                top, unit = (
                    source.max_value * node.kernel[0] * node.kernel[1],
                    source.base**source.silent,
                )
                codes[node.name] = cut(
                    Code(max(1, top.bit_length())), (unit & -unit).bit_length() - 1
                )
        return codes

    def code(self, name: str) -> Code:
        """Word format of a node that feeds others. Raises SpikeLoomError for the integer output."""
        code = self.codes[name]
        if code is None:
            raise SpikeLoomError(f"{name}: an integer output cannot feed another layer")
        return code

    def per_step(self, layer: Layer) -> bool:
        """Whether the layer runs its neuron once per input plane (IF/LIF fed by a spike train)."""
        return isinstance(layer.neuron, LIF) and self.code(layer.source).base == 1
