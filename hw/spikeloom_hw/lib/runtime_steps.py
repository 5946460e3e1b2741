"""What depends on the number of time steps that are run, where it can be chosen."""

from __future__ import annotations

from collections.abc import Callable

from amaranth import Array, Const, Module, Signal
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from spikeloom.ir.neurons import Thresholds
from spikeloom.mapping.plan.plan import Stage

STEPS_WIDTH = 5
"""Bits of a number of time steps."""


def steps_port(stage: Stage) -> dict[str, wiring.Member]:
    """The port ``steps`` of a component: time steps less one; none where all are always run."""
    return {"steps": In(range(len(stage.fewer) + 1))} if stage.fewer else {}


def by_steps(stage: Stage, value: Callable[[Stage], int]) -> list[int]:
    """A number of the stage with 1, 2, ... time steps; of the stage itself at last."""
    return [value(found) for found in (*stage.fewer, stage)]


def chosen(
    m: Module, component: wiring.Component, stage: Stage, name: str, value: Callable[[Stage], int]
) -> Signal | None:
    """A number of the stage as it runs now, in a register; None where it is always the same.

    Time steps change in a reset alone, which the register outlives: it is right before anything
    begins.
    """
    values = by_steps(stage, value)
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


def missing(stage: Stage) -> int:
    """Places that a sum must be moved up by, for planes that were left away."""
    return stage.missing


def whole(m: Module, index: Signal | None, stage: Stage, value: Value, name: str) -> Value:
    """A sum over the planes that were run as that over all planes: the missing ones are 0, and
    multiplied by the base all the same.

    ``index``: what :func:`missing` is now.
    """
    places = {
        places: (value * stage.i_code.base**places)[: len(value)].as_signed()
        for places in sorted(set(by_steps(stage, missing)))
    }
    return selected(m, name, index, places) if index is not None else value


def tables(stage: Stage) -> list[Thresholds]:
    """The tables of a stage by rising number of planes, one each."""
    found = {
        layer.neuron.code.live: layer.neuron
        for layer in (other.layer for other in (*stage.fewer, stage))
    }
    return [found[live] for live in sorted(found)]


def search_tree(tables: list[Thresholds], channel: int) -> list[int]:
    """The thresholds of a channel by node, which is a 1 followed by the bits so far; of several
    tables that of T planes from 2^T on.
    """
    found = [0] * (2 << tables[-1].code.live if len(tables) > 1 else 0)
    for table in tables:
        live, thresholds = table.code.live, [int(t) for t in table.thresholds[channel]]
        nodes = thresholds[:1]
        for t in range(live):
            nodes += [
                thresholds[(((bits << 1) | 1) << (live - 1 - t)) - 1] for bits in range(1 << t)
            ]
        found[1 << live if len(tables) > 1 else 0 :] = nodes
    return found
