"""A blur along the rows of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from spikeloom.ir.neurons import Raw
from spikeloom.ir.nodes.layer import Layer
from spikeloom.ir.nodes.node import Node
from spikeloom.ir.number import Code, Ints, Shape


@dataclass(frozen=True)
class Blur(Node):
    """``o[x] = i[x - 1] + 2 i[x] + i[x + 1]`` in each channel, zeros around the map."""

    kind: ClassVar[str] = "blur"

    name: str
    source: str

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.source,)

    def map(self, maps: Sequence[Shape]) -> Shape:
        return maps[0]

    def format(self, formats: Sequence[Code]) -> Code:
        return Code((4 * formats[0].max_value).bit_length())

    def compute(self, words: Sequence[Ints], formats: Sequence[Code]) -> Ints:
        values = np.pad(formats[0].value(words[0]), ((0, 0),) * 3 + ((1, 1),))
        return values[..., :-2] + 2 * values[..., 1:-1] + values[..., 2:]

    def as_layer(self, channels: int, code: Code | None) -> Layer:
        """What an engine computes for it: a depthwise layer."""
        zero = np.zeros(channels, dtype=np.int64)
        weight = np.tile(np.array([1, 2, 1], dtype=np.int64), (channels, 1, 1, 1))
        window = ((1, 1), (0, 1, 0, 1))
        return Layer(
            self.name, self.source, weight, Raw(code), zero, zero, zero, 0, *window, channels
        )

    def describe(self, i_map: Shape, o_map: Shape) -> str:
        return "blur 1×3"
