"""What a tensor of the source network is, symbolically: the float-level view that operators are
read into.

A :class:`Signal` is, per channel, ``gain * main + skip_gain * skip + offset`` followed by monotone
steps (ReLU, max pooling, affine maps), where ``main`` is the output of a node or an accumulator
that still waits for its neuron. Everything is exact: rationals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from spikeloom.ir.exact import Affine, Linear, Relu
from spikeloom.ir.number import Code, Shape
from spikeloom.ir.staircase import Rationals


@dataclass(frozen=True)
class PoolStep:
    """Largest value of a window; padding never wins."""

    name: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]


Step = Affine | Relu | PoolStep


@dataclass(frozen=True, eq=False)
class Signal:
    """One activation tensor of the source network.

    Attributes
    ----------
    main: name of the node whose values it is made of, or the accumulator.
    gain, offset, skip_gain: (C,) rationals.
    skip: name of a second node whose values are added, or None.
    map: channels, height, width of the values.
    view: shape of the tensor as the source sees it, batch first.
    time: time steps where the tensor has a time axis (IF and LIF), or None.
    chain: what happens to it after the sum, in order.
    """

    main: str | Linear
    gain: Rationals
    offset: Rationals
    map: Shape
    view: tuple[int, ...]
    skip: str | None = None
    skip_gain: Rationals | None = None
    time: int | None = None
    chain: tuple[Step, ...] = ()

    def affine(self, gain: Rationals, offset: Rationals) -> Signal:
        """The signal times gain plus offset, per channel."""
        if not self.chain:
            skip_gain = None if self.skip_gain is None else self.skip_gain * gain
            return replace(
                self, gain=self.gain * gain, offset=self.offset * gain + offset, skip_gain=skip_gain
            )
        last = self.chain[-1]
        if isinstance(last, Affine):
            return replace(
                self,
                chain=(*self.chain[:-1], Affine(last.gain * gain, last.offset * gain + offset)),
            )
        return replace(self, chain=(*self.chain, Affine(gain, offset)))

    @property
    def plain_words(self) -> bool:
        """Whether it is a node's values and an affine map, nothing else."""
        return isinstance(self.main, str) and self.skip is None and not self.chain


@dataclass(frozen=True, eq=False)
class Unquantized:
    """The graph input before anything has happened to it but changes of shape.

    ``places``: set once it was multiplied by the place values of this code along its time axis.
    """

    view: tuple[int, ...]
    places: Code | None = None


@dataclass(frozen=True, eq=False)
class Padded:
    """A signal with zeros around its map (top, left, bottom, right), for the convolution or pooling
    that follows.
    """

    signal: Signal
    padding: tuple[int, int, int, int]
