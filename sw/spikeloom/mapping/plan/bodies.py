"""The bodies of an engine: how sums are made of the words of a pass, one object per kind.

A body answers everything that depends on its kind: what is legal, how many queues there are and how
wide, how many passes a fold takes, how many terms a sum has in a cycle, and its latency. Hardware,
HLS and cost model have one row per body.
"""

from __future__ import annotations

from abc import ABC
from math import ceil, log2
from typing import ClassVar, Protocol

from spikeloom.ir.number import Code, Shape
from spikeloom.mapping.plan.folding import Folding

SUM_BITS = 6
"""Bits of the terms that the first level of an adder tree sums in one LUT."""


class Folded(Protocol):
    """What a body asks of the stage that it is the body of."""

    @property
    def folding(self) -> Folding: ...
    @property
    def i_code(self) -> Code: ...
    @property
    def i_shape(self) -> Shape: ...
    @property
    def o_shape(self) -> Shape: ...
    @property
    def groups(self) -> int: ...
    @property
    def per_step(self) -> bool: ...
    @property
    def stored_width(self) -> int: ...
    @property
    def zero_row(self) -> int | None: ...


class Body(ABC):
    """What all bodies share: every flag of a word is looked at, one word a cycle.

    Attributes
    ----------
    name: in plans and on screen.
    adds: whether it sums weights; else it compares words, and has none.
    multiplies: whether a word is multiplied by its weight.
    whole_words: whether all planes of a word go at once, in one pass.
    by_channel: whether every element has an input channel of its own, so that a beat holds as many
        channels as there are elements.
    skips: whether only spikes that fired are worked on: each bank then has a queue and weights of
        its own, and takes as many spikes a cycle as it has ports.
    bits: whether one flag at a time is added, so that weights of +1 and -1 are one bit in memory.
    """

    name: ClassVar[str]
    adds: ClassVar[bool] = True
    multiplies: ClassVar[bool] = False
    whole_words: ClassVar[bool] = False
    by_channel: ClassVar[bool] = False
    skips: ClassVar[bool] = False
    bits: ClassVar[bool] = False

    def __repr__(self) -> str:
        return self.name

    def wrong(self, s: Folded) -> str:
        """What of a folding this body cannot have; "" where it can."""
        f = s.folding
        if (f.banks, f.ports) != (1, 1):
            return f"a {self.name} body has one bank and one port, got {f.banks} and {f.ports}"
        return ""

    def suits(self, s: Folded, adds: bool) -> bool:
        """Whether it is worth a try for a stage, which adds or compares."""
        alone = s.i_shape[0] // s.groups == s.o_shape[0] // s.groups == 1
        return self.adds == adds and self.by_channel == alone

    def channels(self, s: Folded) -> tuple[int, int]:
        """Input and output channels that one word, and one fold, may hold at most."""
        if self.by_channel:
            return s.i_shape[0], s.i_shape[0]
        return s.i_shape[0] // s.groups, s.o_shape[0] // s.groups

    def queues(self, f: Folding, steps: int) -> tuple[int, int]:
        """How many queues there are, and the bits of a word in each."""
        return 1, f.windows * f.group * (steps if self.whole_words else 1)

    def passes(self, steps: int) -> int:
        """Passes over the window per fold, with words of so many planes."""
        return 1 if self.whole_words else steps

    def lanes(self, f: Folding) -> int:
        """Terms of one sum in a cycle."""
        return 1 if self.by_channel else f.group

    def row_channels(self, f: Folding) -> int:
        """Input channels whose weights lie in one row of a memory."""
        return 1 if self.by_channel or self.skips else f.group

    def issued(self, f: Folding, steps: int) -> int:
        """Spikes that go to the weights in one cycle at most."""
        return self.queues(f, steps)[1] if self.adds else 0

    def synapses(self, f: Folding) -> int:
        """Weights that one spike adds."""
        return 1 if self.by_channel and self.adds else f.elements

    def gated(self, s: Folded) -> bool:
        """Whether a weight is gated where there is no spike; else a row of zeros is read."""
        return True

    def first_terms(self, s: Folded) -> int:
        """Terms that the first level of the adder tree sums: as many as have six bits in all, their
        gates included, but two at least.
        """
        return max(2, SUM_BITS // (s.stored_width + self.gated(s))) if self.bits else 2

    def tree_cycles(self, s: Folded) -> int:
        """Register levels of the adder tree, at least one: one per level of adders."""
        return 1 + ceil(log2(ceil(self.lanes(s.folding) / self.first_terms(s))))

    def body_cycles(self, s: Folded) -> int:
        """Latency: from the cycle that issues the last word of a pass to the write of the result
        queue.
        """
        return self.tree_cycles(s) + 2


class Event(Body):
    """Only the spikes that fired: a queue and weights per bank, ``ports`` spikes a cycle each."""

    name: ClassVar[str] = "event"
    skips: ClassVar[bool] = True
    bits: ClassVar[bool] = True

    def wrong(self, s: Folded) -> str:
        return ""

    def queues(self, f: Folding, steps: int) -> tuple[int, int]:
        return f.windows * f.banks, f.group // f.banks

    def lanes(self, f: Folding) -> int:
        return f.banks * f.ports

    def issued(self, f: Folding, steps: int) -> int:
        return f.windows * f.banks * f.ports

    def gated(self, s: Folded) -> bool:
        return s.zero_row is None


class Dense(Body):
    """Every flag of a word, one word a cycle."""

    name: ClassVar[str] = "dense"
    bits: ClassVar[bool] = True


class Parallel(Body):
    """All planes of a word at once: each word is multiplied by its weight."""

    name: ClassVar[str] = "parallel"
    multiplies: ClassVar[bool] = True
    whole_words: ClassVar[bool] = True

    def wrong(self, s: Folded) -> str:
        if not s.i_code.plain or s.per_step:
            return f"a parallel body needs base-2 words, got base {s.i_code.base}"
        return super().wrong(s)

    def suits(self, s: Folded, adds: bool) -> bool:
        return super().suits(s, adds) and s.i_code.plain and not s.per_step

    def tree_cycles(self, s: Folded) -> int:
        """One register per two levels: four terms each."""
        return max(1, ceil(log2(self.lanes(s.folding)) / 2))


class Depthwise(Body):
    """Each element has its own input channel."""

    name: ClassVar[str] = "depthwise"
    by_channel: ClassVar[bool] = True


class Max(Body):
    """The greatest of whole words, for max pooling; no weights."""

    name: ClassVar[str] = "max"
    adds: ClassVar[bool] = False
    whole_words: ClassVar[bool] = True
    by_channel: ClassVar[bool] = True

    def suits(self, s: Folded, adds: bool) -> bool:
        return not adds

    def wrong(self, s: Folded) -> str:
        if s.folding.weights != "auto":
            return f"max pooling has no weights that could lie in {s.folding.weights}"
        return super().wrong(s)

    def body_cycles(self, s: Folded) -> int:
        return self.tree_cycles(s) + 1


EVENT, DENSE, PARALLEL, DEPTHWISE, MAX = Event(), Dense(), Parallel(), Depthwise(), Max()

BODIES: dict[str, Body] = {body.name: body for body in (EVENT, DENSE, PARALLEL, DEPTHWISE, MAX)}
"""Every body by its name."""
