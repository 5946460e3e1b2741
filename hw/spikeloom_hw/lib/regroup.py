"""Channels per beat, changed: several beats to one, or one to several, the lowest channels
first.
"""

from __future__ import annotations

from math import gcd

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from .loop_counter import counter


class Regroup(wiring.Component):
    """Changes the width of a stream by a whole factor.

    Timing (docs/explanation/engine.md). Up: takes n beats, offers one from the next cycle on; the
    next input may be taken in the cycle of that output. Down: offers n parts, one a cycle, from the
    cycle after the input; the next input may be taken in the cycle of the last part.

    Parameters
    ----------
    i_width, o_width: bits of a beat; one divides the other.
    """

    def __init__(self, *, i_width: int, o_width: int):
        if max(i_width, o_width) % min(i_width, o_width) or i_width == o_width:
            raise ValueError(
                f"one width must be a multiple of the other, got {i_width} and {o_width}"
            )
        self.i_width, self.o_width = i_width, o_width
        super().__init__({"i": In(stream.Signature(i_width)), "o": Out(stream.Signature(o_width))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held, taking, giving = Signal(max(self.i_width, self.o_width)), Signal(), Signal()
        full = Signal()
        m.d.comb += [taking.eq(self.i.valid & self.i.ready), giving.eq(self.o.valid & self.o.ready)]
        if self.i_width < self.o_width:
            count = counter(m, "count", self.o_width // self.i_width)
            m.d.comb += [
                self.o.valid.eq(full),
                self.o.payload.eq(held),
                self.i.ready.eq(~full | self.o.ready),
                count.step.eq(taking),
            ]
            with m.If(taking):
                m.d.sync += held.eq(
                    held[self.i_width :] | (self.i.payload << (self.o_width - self.i_width))
                )
            m.d.sync += full.eq(count.wrap | (full & ~giving))
        else:
            count = counter(m, "count", self.i_width // self.o_width)
            m.d.comb += [
                self.o.valid.eq(full),
                self.o.payload.eq(held),
                self.i.ready.eq(~full | count.wrap),
                count.step.eq(giving),
            ]
            with m.If(taking):
                m.d.sync += held.eq(self.i.payload)
            with m.Elif(giving):
                m.d.sync += held.eq(held[self.o_width :])
            m.d.sync += full.eq(taking | (full & ~count.wrap))
        return m


def widths(i_group: int, o_group: int) -> list[int]:
    """Groups that a stream goes through: straight where one divides the other, else down to the
    greatest common divisor and up.
    """
    common = gcd(i_group, o_group)
    return [
        i_group,
        *([common] if common not in (i_group, o_group) else []),
        *([o_group] if o_group != i_group else []),
    ]
