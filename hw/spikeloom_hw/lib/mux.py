"""One of several values of the same kind."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Mux, Value
from amaranth.hdl import ValueLike


def choose(values: Sequence[ValueLike], index: Value) -> Value:
    """A tree of multiplexers, which a synthesis makes of LUTs and the wide multiplexers beside
    them. An index beyond the last gives any.
    """
    level = [Value.cast(value) for value in values]
    for bit in index:
        if len(level) == 1:
            break
        level = [
            Mux(bit, level[k + 1], level[k]) if k + 1 < len(level) else level[k]
            for k in range(0, len(level), 2)
        ]
    return level[0]
