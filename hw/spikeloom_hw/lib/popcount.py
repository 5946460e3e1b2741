"""How many bits are set."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.hdl import ValueLike
from spikeloom.mapping.plan.counters import MANY


def ones(bits: Sequence[ValueLike]) -> Value:
    """The number of one-bit values that are set: six at a time by gates, each bit of whose number
    is one LUT, then by adders.
    """
    return added([(six(bits[k : k + 6]), len(bits[k : k + 6])) for k in range(0, len(bits), 6)])


def added(counts: list[tuple[Value, int]]) -> Value:
    """The sum of some numbers, each with the most that it can be."""
    while len(counts) > 1:
        pairs = list(zip(counts[::2], counts[1::2], strict=False))
        sums = [
            ((a + b)[: (most + more).bit_length()], most + more) for (a, most), (b, more) in pairs
        ]
        counts = sums + counts[2 * len(pairs) :]
    return counts[0][0]


def ones_of_many(m: Module, bits: Sequence[ValueLike], when: Value, name: str) -> Value:
    """The number of bits that are set in a cycle in which ``when`` is high, else 0; where they are
    many, one cycle later: parts of them are counted first.
    """
    parts = [bits[k : k + MANY] for k in range(0, len(bits), MANY)]
    if len(parts) == 1:
        return Mux(when, ones(bits), 0)
    counts: list[tuple[Value, int]] = []
    for k, part in enumerate(parts):
        count = Signal(range(len(part) + 1), name=f"{name}_{k}")
        m.d.sync += count.eq(Mux(when, ones(part), 0))
        counts.append((count, len(part)))
    return added(counts)


def six(bits: Sequence[ValueLike]) -> Value:
    """Of at most six bits, as two full adders, their sums and their carries."""
    values = [Value.cast(bit) for bit in bits]
    values += [Const(0, 1)] * (6 - len(values))
    (low, carry), (other_low, other_carry) = full_adder(*values[:3]), full_adder(*values[3:])
    middle, high = full_adder(carry, other_carry, low & other_low)
    return Cat(low ^ other_low, middle, high)[: len(bits).bit_length()]


def full_adder(a: Value, b: Value, c: Value) -> tuple[Value, Value]:
    """Sum and carry."""
    return a ^ b ^ c, (a & b) | (c & (a ^ b))
