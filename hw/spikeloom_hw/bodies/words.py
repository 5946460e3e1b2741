"""Bodies that look at every word: one of every window per cycle, whatever it holds."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from amaranth import Module, Mux, Signal, Value

from ..lib.loop_counter import Counter, counter
from ..lib.popcount import ones
from ..memory.port import WeightPort
from .lanes import Adders, Lanes, Passes, Scanned, Terms
from .queues import Queues


class WordLanes(Lanes):
    """What they have in common: a counter of words, and the word in a register."""

    def build(self, m: Module, passes: Passes) -> Scanned:
        (i,) = passes.queues
        waiting, working, done = Signal(), Signal(), Signal()
        count = counter(m, "count", self.pass_words)
        m.d.comb += [
            working.eq(i.valid & ~waiting),
            i.ready.eq(~waiting),
            count.step.eq(working),
            done.eq(waiting | count.wrap),
        ]
        with m.If(passes.advance):
            m.d.sync += waiting.eq(0)
        with m.Elif(count.wrap):
            m.d.sync += waiting.eq(1)
        word, held = (Signal.like(i.payload) for _ in range(2))
        m.d.sync += held.eq(Mux(working, i.payload, 0))
        values = self.values(m, passes, count, working, held, word)
        return Scanned(working, done, waiting, values)

    def parts(self, word: Signal) -> list[Value]:
        """The word of each window."""
        part = len(word) // self.windows
        return [word[w * part : (w + 1) * part] for w in range(self.windows)]

    @abstractmethod
    def values(
        self,
        m: Module,
        passes: Passes,
        count: Counter,
        working: Signal,
        held: Signal,
        word: Signal,
    ) -> list[list[Signal]]:
        """One value per window and element of the words in a register, ``held``; ``word`` is to be
        driven with them, as late as the values take.
        """


class AddingLanes(WordLanes):
    """Bodies that sum weights.

    Parameters
    ----------
    folds: passes that have rows of their own.
    weights, terms, adders: where the weights come from, and what becomes of them.
    """

    def __init__(
        self,
        *,
        queues: Queues,
        windows: int,
        elements: int,
        pass_words: int,
        folds: int,
        weights: WeightPort,
        terms: Terms,
        adders: Adders,
    ):
        super().__init__(queues=queues, windows=windows, elements=elements, pass_words=pass_words)
        self.folds, self.weights, self.terms, self.adders = folds, weights, terms, adders
        self.issued = queues.width

    def values(
        self,
        m: Module,
        passes: Passes,
        count: Counter,
        working: Signal,
        held: Signal,
        word: Signal,
    ) -> list[list[Signal]]:
        m.d.sync += word.eq(held)
        self.weights.open(0, 0)
        address, worked = Signal(range(max(2, self.folds * self.pass_words))), Signal()
        base, _ = passes.base(m, self.pass_words)
        m.d.sync += [address.eq(base + count.value), worked.eq(working)]
        row = self.weights.read(0, 0, 0, address, worked, "weights0")
        m.d.comb += passes.issued.eq(ones(list(held)))
        return [
            [
                self.adders.sum(m, terms, f"sum{n}_{e}")
                for e, terms in enumerate(self.window(row, part))
            ]
            for n, part in enumerate(self.parts(word))
        ]

    @abstractmethod
    def window(self, row: Value, word: Value) -> list[list[Value]]:
        """The terms of every element, of a row of weights and the word of a window."""


class DepthwiseLanes(AddingLanes):
    """Each element gates its own weight by its own flag."""

    def window(self, row: Value, word: Value) -> list[list[Value]]:
        weights = self.terms.of(row, None)
        return [[Mux(word[e], weights[e], 0)] for e in range(self.elements)]


class DenseLanes(AddingLanes):
    """Every flag of a word gates the weights of its channel."""

    def window(self, row: Value, word: Value) -> list[list[Value]]:
        group = len(row) // (self.terms.width * self.elements)
        part = len(row) // group
        lanes = [self.lane(row[c * part : (c + 1) * part], word, c, group) for c in range(group)]
        return [[lane[e] for lane in lanes] for e in range(self.elements)]

    def lane(self, row: Value, word: Value, channel: int, group: int) -> list[Value]:
        """What one channel of a word makes of its weights."""
        return self.terms.of(row, word[channel])


class ParallelLanes(DenseLanes):
    """Every word multiplies the weights of its channel.

    Parameters
    ----------
    signed: words are two's complement.
    """

    signed_planes: ClassVar[bool] = False

    def __init__(self, *, signed: bool, **numbers):
        super().__init__(**numbers)
        self.signed = signed

    def lane(self, row: Value, word: Value, channel: int, group: int) -> list[Value]:
        steps = len(word) // group
        value = word[channel * steps : (channel + 1) * steps]
        value = value.as_signed() if self.signed else value
        return [weight * value for weight in self.terms.of(row, None)]


class MaxLanes(WordLanes):
    """Whole words, for the greatest of them. No weights, and one register less."""

    signed_planes: ClassVar[bool] = False

    def values(
        self,
        m: Module,
        passes: Passes,
        count: Counter,
        working: Signal,
        held: Signal,
        word: Signal,
    ) -> list[list[Signal]]:
        m.d.comb += word.eq(held)
        steps = len(word) // (self.windows * self.elements)
        return [
            [
                self.hold(m, part[e * steps : (e + 1) * steps], f"word{n}_{e}")
                for e in range(self.elements)
            ]
            for n, part in enumerate(self.parts(word))
        ]

    def hold(self, m: Module, value: Value, name: str) -> Signal:
        """One register, so that words arrive as late as sums do."""
        held = Signal(len(value), name=name)
        m.d.sync += held.eq(value)
        return held
