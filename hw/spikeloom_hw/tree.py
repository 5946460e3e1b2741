"""Adder tree with a register after every two levels of adders."""

from __future__ import annotations

from amaranth import Module, Signal, signed
from amaranth.hdl import ValueLike


def tree(m: Module, terms: list[ValueLike], *, width: int, cycles: int, name: str) -> Signal:
    """Sum of signed terms after ``cycles`` clock edges (at least ceil(log4(terms)), at least one).

    Parameters
    ----------
    width: bits of the sum, enough that no partial sum overflows.
    """
    for level in range(cycles):
        sums = []
        for i in range(0, len(terms), 4):
            total = Signal(signed(width), name=f"{name}_{level}_{i // 4}")
            m.d.sync += total.eq(sum(terms[i + 1 : i + 4], terms[i]))
            sums.append(total)
        terms = sums
    assert len(terms) == 1, f"{name}: {cycles} cycles are too few"
    return terms[0]
