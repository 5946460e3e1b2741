"""Constants by number."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Array, Const, Signal
from amaranth.hdl import ValueLike


def table(values: Sequence[int], index: Signal) -> ValueLike:
    """A constant looked up by ``index``; just the constant where all are equal."""
    if len(set(values)) == 1:
        return Const(values[0])
    return Array([Const(v, max(1, max(values).bit_length())) for v in values])[index]
