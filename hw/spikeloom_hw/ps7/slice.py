"""A register slice: a stream whose two sides share no path."""

from __future__ import annotations

from amaranth import Module, Signal
from amaranth.hdl import ShapeLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Slice(wiring.Component):
    """Every output comes from a flip-flop, ``i.ready`` too. In reset ``i.ready`` and ``o.valid``
    are low, so that nothing is lost there.

    Timing: a payload is at ``o`` one cycle after its transfer at ``i``; one per cycle as long as
    ``o.ready`` is high.

    Parameters
    ----------
    shape: of the payload.
    """

    def __init__(self, shape: ShapeLike):
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})
        self.shape = shape

    def elaborate(self, platform: object) -> Module:
        m = Module()
        spare, full, filling = Signal(self.shape), Signal(), Signal()
        free = Signal()
        m.d.comb += free.eq(~self.o.valid | self.o.ready)
        m.d.comb += filling.eq(~free & (full | (self.i.valid & self.i.ready)))
        m.d.sync += [full.eq(filling), self.i.ready.eq(~filling)]
        with m.If(self.i.ready):
            m.d.sync += spare.eq(self.i.payload)
        with m.If(free):
            m.d.sync += self.o.valid.eq(full | (self.i.valid & self.i.ready))
            with m.If(full):
                m.d.sync += self.o.payload.eq(spare)
            with m.Else():
                m.d.sync += self.o.payload.eq(self.i.payload)
        return m
