"""What every body answers: from the words of its queues to one value per window and element."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike
from amaranth.lib import wiring

from ..lib.adder_tree import summed, tree
from ..lib.loop_counter import Counter
from ..memory.port import WeightPort
from .queues import Queues


@dataclass(frozen=True)
class Passes:
    """The passes of an accumulator array.

    Attributes
    ----------
    plane, fold: of the pass in work. folds: how many there are. last: number of the last plane.
    advance: the pass is over, the next one starts in the next cycle. issued: spikes that go to the
        weights.
    queues: the words.
    """

    plane: Counter
    fold: Counter
    folds: int
    last: ValueLike
    advance: Signal
    issued: Signal
    queues: Sequence[wiring.PureInterface]

    @property
    def at_last_plane(self) -> Value:
        return self.plane.value == self.last

    def base(self, m: Module, rows: int) -> tuple[Signal, Value]:
        """Where the rows of a fold begin, of ``rows`` each, and where those of the next."""
        last = (self.folds - 1) * rows
        base = Signal(range(max(2, last + 1)))
        following = Mux(base == last, 0, base + rows) if last else Const(0)
        with m.If(self.fold.step):
            m.d.sync += base.eq(following)
        return base, following


@dataclass(frozen=True)
class Scanned:
    """What a body does in a cycle, and one value per window and element, as late as the body is.

    Attributes
    ----------
    working: a word is worked on. done: the pass is finished, in this cycle or before. waiting: it
        was before.
    """

    working: Signal
    done: Signal
    waiting: Signal
    values: list[list[Signal]]


@dataclass(frozen=True)
class Terms:
    """Weights as the terms of sums.

    Parameters
    ----------
    width: bits of a weight in memory. binary: a single bit says +1 or -1.
    """

    width: int
    binary: bool = False

    def of(self, row: Value, gate: Value | None) -> list[Value]:
        """The weights of a row, or zeros where the gate is low."""
        weights = [row[k : k + self.width] for k in range(0, len(row), self.width)]
        if self.binary:
            return [Cat(gate, gate & ~bit).as_signed() for bit in weights]
        return [
            weight.as_signed() if gate is None else Mux(gate, weight.as_signed(), 0)
            for weight in weights
        ]


@dataclass(frozen=True)
class Adders:
    """Trees of adders.

    Parameters
    ----------
    width: bits of a sum. cycles: registers in a row. first: terms of the first level; None for four
        terms at every level, which a synthesis turns into multiply-adds.
    """

    width: int
    cycles: int
    first: int | None

    def sum(self, m: Module, terms: list[Value], name: str) -> Signal:
        if self.first is None:
            return summed(m, terms, width=self.width, cycles=self.cycles, name=name)
        return tree(m, terms, width=self.width, first=self.first, cycles=self.cycles, name=name)


class Lanes(ABC):
    """A body.

    Attributes
    ----------
    queues: what it reads. windows, elements: values side by side. pass_words: words of a pass.
    issued: spikes that go to the weights in one cycle at most.
    weights: its port to them; None where it has none.
    """

    weights: WeightPort | None = None
    issued: int = 0
    signed_planes: ClassVar[bool] = True
    """Whether planes come one by one, so that the first one of signed words counts negative."""

    def __init__(self, *, queues: Queues, windows: int, elements: int, pass_words: int):
        if min(windows, elements, pass_words) < 1:
            raise ValueError(
                f"body: expected 1 or more, got {windows} windows, {elements} elements,"
                f" {pass_words} words of a pass"
            )
        self.queues, self.windows, self.elements = queues, windows, elements
        self.pass_words = pass_words

    @abstractmethod
    def build(self, m: Module, passes: Passes) -> Scanned:
        """The logic of the body."""
