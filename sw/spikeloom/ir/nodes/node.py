"""What every node of a graph answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar, Self

import numpy as np

from spikeloom.ir.number import Code, Ints, Shape


class Node(ABC):
    """One operation of the integer network: words of its inputs in, words out.

    A subclass is a frozen dataclass whose fields are its numbers, listed in
    ``spikeloom.ir.nodes.NODES``. Maps are (channels, height, width), words (N, C, H, W).
    """

    kind: ClassVar[str]
    """Its name in files."""

    name: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the nodes whose words it takes."""
        return ()

    @abstractmethod
    def map(self, maps: Sequence[Shape]) -> Shape:
        """Its output map, given those of its inputs. Raises SpikeLoomError where they do not
        fit.
        """

    @abstractmethod
    def format(self, formats: Sequence[Code]) -> Code | None:
        """Format of the words that leave, given those of its inputs; None for the network's
        integer output.
        """

    @abstractmethod
    def compute(self, words: Sequence[Ints], formats: Sequence[Code]) -> Ints:
        """Words that leave (values for an integer output), given words and formats of its
        inputs.
        """

    @property
    def time_steps(self) -> int:
        """Time steps of its neuron; 1 without one."""
        return 1

    def stopped(self, steps: int) -> Self:
        """The node with its neuron stopped after so many time steps."""
        return self

    def rate(
        self, inputs: Sequence[Fraction], steps: int, formats: Sequence[Code]
    ) -> Fraction | None:
        """All time steps over those that are run, where its values are sums over time; else 1.
        None where it cannot do with fewer. inputs: the same of its inputs.
        """
        return inputs[0] if inputs else Fraction(1)

    @abstractmethod
    def describe(self, i_map: Shape, o_map: Shape) -> str:
        """What a report calls it, given the maps of its first input and its output."""

    def added_once(self, channels: int) -> Ints:
        """(C,) what is added once to its values, whatever the number of time steps."""
        return np.zeros(channels, dtype=np.int64)
