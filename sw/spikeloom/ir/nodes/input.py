"""The network's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from spikeloom.ir.nodes.node import Node
from spikeloom.ir.number import Code, Ints, Shape


@dataclass(frozen=True)
class Input(Node):
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

    kind: ClassVar[str] = "input"

    name: str
    shape: Shape
    real_shape: tuple[int, ...]
    code: Code
    scale: float = 1.0
    zero_point: int = 0
    narrow: bool = False
    events: bool = False

    def map(self, maps: Sequence[Shape]) -> Shape:
        return self.shape

    def format(self, formats: Sequence[Code]) -> Code:
        return self.code

    def compute(self, words: Sequence[Ints], formats: Sequence[Code]) -> Ints:
        raise TypeError(f"{self.name}: the words of the input are given, not computed")

    def describe(self, i_map: Shape, o_map: Shape) -> str:
        return "input"
