"""Accumulators: what becomes of the values of a body from cycle to cycle."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from amaranth import Module, Mux, Signal, signed


@dataclass(frozen=True)
class Accumulator(ABC):
    """One of them, ``width`` bits wide."""

    width: int

    @abstractmethod
    def total(
        self, m: Module, value: Signal, fresh: Signal, shifted: Signal, negate: Signal, name: str
    ) -> Signal:
        """The total of this cycle, which is the result when a commit arrives.

        Parameters
        ----------
        fresh, shifted: the value is the first one of a fold, of a plane. negate: it counts
            negative.
        """


@dataclass(frozen=True)
class Greatest(Accumulator):
    """The greatest of unsigned words. joined: the OR of their bits instead."""

    joined: bool = False

    def total(
        self, m: Module, value: Signal, fresh: Signal, shifted: Signal, negate: Signal, name: str
    ) -> Signal:
        best = Signal(self.width, name=f"best{name}")
        total = Signal(self.width, name=f"total{name}")
        before = Mux(fresh, 0, best)
        greater = before | value if self.joined else Mux(value > before, value, before)
        m.d.comb += total.eq(greater)
        m.d.sync += best.eq(total)
        return total


@dataclass(frozen=True)
class Sum(Accumulator):
    """Horner: the sum so far times the base at the start of a plane, and the values added.

    base: None where sums stay as they are from plane to plane. negates: whether a plane counts
    negative.
    """

    base: int | None = None
    negates: bool = False

    def total(
        self, m: Module, value: Signal, fresh: Signal, shifted: Signal, negate: Signal, name: str
    ) -> Signal:
        acc = Signal(signed(self.width), name=f"acc{name}")
        total = Signal(signed(self.width), name=f"total{name}")
        before = acc
        if self.base is not None:
            before = Mux(shifted, acc * self.base, acc)[: self.width].as_signed()
        start = Mux(fresh, 0, before)
        # The sum comes first: a carry chain takes its first operand as it is, and the choice fits
        # into the LUT of the second.
        added = value + start
        m.d.comb += total.eq(Mux(negate, start - value, added) if self.negates else added)
        m.d.sync += acc.eq(total)
        return total
