"""How many bits are set."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Value
from amaranth.hdl import ValueLike


def ones(bits: Sequence[ValueLike]) -> Value:
    """The number of one-bit values that are set: six at a time by gates, each bit of whose number is one LUT, then by adders."""
    counts = [(six(bits[k : k + 6]), len(bits[k : k + 6])) for k in range(0, len(bits), 6)]
    while len(counts) > 1:
        pairs = list(zip(counts[::2], counts[1::2], strict=False))
        added = [((a + b)[: (most + more).bit_length()], most + more) for (a, most), (b, more) in pairs]
        counts = added + counts[2 * len(pairs) :]
    return counts[0][0]


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
