"""What depends on the number of time steps that are run, where it can be chosen.

A component takes such a number as a sequence: with 1, 2, ... time steps, with all of them at last;
of length one where all are always run.
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Array, Const, Module, Signal
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

STEPS_WIDTH = 5
"""Bits of a number of time steps."""


def steps_port(runs: int) -> dict[str, wiring.Member]:
    """The port ``steps`` of a component: time steps less one; none where all are always run."""
    return {"steps": In(range(runs))} if runs > 1 else {}


def chosen(
    m: Module, component: wiring.Component, name: str, values: Sequence[int]
) -> Signal | None:
    """A number as it is with the time steps that are run now, in a register; None where it is
    always the same.

    Time steps change in a reset alone, which the register outlives: it is right before anything
    begins.
    """
    if len(set(values)) == 1:
        return None
    found = Signal(range(max(values) + 1), name=name, reset_less=True)
    m.d.sync += found.eq(Array([Const(v, len(found)) for v in values])[component.steps])
    return found


def selected(m: Module, name: str, index: Signal | None, values: dict[int, Value]) -> Value:
    """One of several values of one shape by a number that :func:`chosen` gave; the only one without
    it.
    """
    if index is None:
        (only,) = values.values()
        return only
    found = Signal(next(iter(values.values())).shape(), name=name)
    with m.Switch(index):
        for key, value in values.items():
            with m.Case(key):
                m.d.comb += found.eq(value)
    return found


def whole(
    m: Module, index: Signal | None, base: int, missing: Sequence[int], value: Value, name: str
) -> Value:
    """A sum over the planes that were run as that over all planes: the missing ones are 0, and
    multiplied by the base all the same.

    Parameters
    ----------
    missing: how many are, see :func:`chosen`; ``index`` is what that gave.
    """
    if index is None:
        return value
    places = {
        count: (value * base**count)[: len(value)].as_signed() for count in sorted(set(missing))
    }
    return selected(m, name, index, places)
