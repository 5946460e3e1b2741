"""Adder trees: a first level of small sums in logic, where few bits make one, then two terms per
adder and register.
"""

from __future__ import annotations

from amaranth import Module, Signal, Value, signed
from amaranth.hdl import ValueLike


def tree(
    m: Module, terms: list[ValueLike], *, width: int, first: int, cycles: int, name: str
) -> Signal:
    """Sum of signed terms after ``cycles`` clock edges, with a register after every level.

    Parameters
    ----------
    width: bits of the sum, enough that no partial sum overflows.
    first: terms that the first level adds; more than two go through logic, without a carry chain.
    """
    count = first
    for level in range(cycles):
        sums = []
        for i in range(0, len(terms), count):
            some = [Value.cast(term) for term in terms[i : i + count]]
            value = small_sum(m, some) if level == 0 and first > 2 else sum(some[1:], some[0])
            total = Signal(signed(min(width, len(value))), name=f"{name}_{level}_{i // count}")
            m.d.sync += total.eq(value)
            sums.append(total)
        terms, count = sums, 2
    assert len(terms) == 1, f"{name}: {cycles} cycles are too few"
    return terms[0]


def small_sum(m: Module, terms: list[Value]) -> Value:
    """Sum of signed terms out of single gates, so that a synthesis makes one LUT of each of its
    bits where there are six bits in all.
    """
    total = terms[0]
    for term in terms[1:]:
        total = rippled(m, total, term)
    return total


def rippled(m: Module, a: Value, b: Value) -> Value:
    """a + b, both signed, one bit longer than the longer of them."""
    count = max(len(a), len(b)) + 1
    total, carry = Signal(signed(count), name="small"), Signal(name="carry")
    for i in range(count):
        x, y = a[min(i, len(a) - 1)], b[min(i, len(b) - 1)]
        further = Signal(name="carry")
        m.d.comb += [total[i].eq(x ^ y ^ carry), further.eq((x & y) | (carry & (x ^ y)))]
        carry = further
    return total


def summed(m: Module, terms: list[ValueLike], *, width: int, cycles: int, name: str) -> Signal:
    """Sum of signed terms after ``cycles`` clock edges, four per level and register: what a
    synthesis turns into multiply-adds.
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
