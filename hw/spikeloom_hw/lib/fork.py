"""One stream to several consumers, each of which takes a beat when it can."""

from __future__ import annotations

from amaranth import Cat, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Fork(wiring.Component):
    """Acknowledges per branch.

    Timing: no latency; a beat leaves ``i`` in the cycle in which the last branch takes it.

    Parameters
    ----------
    width: bits of a beat. branches: number of outputs o0, o1, ...
    """

    def __init__(self, *, width: int, branches: int):
        self.branches = branches
        super().__init__(
            {
                "i": In(stream.Signature(width)),
                **{f"o{b}": Out(stream.Signature(width)) for b in range(branches)},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        outputs = [getattr(self, f"o{b}") for b in range(self.branches)]
        finished = []
        for b, o in enumerate(outputs):
            done = Signal(name=f"done{b}")
            m.d.comb += [o.valid.eq(self.i.valid & ~done), o.payload.eq(self.i.payload)]
            with m.If(self.i.valid & self.i.ready):
                m.d.sync += done.eq(0)
            with m.Elif(o.valid & o.ready):
                m.d.sync += done.eq(1)
            finished.append(done | o.ready)
        m.d.comb += self.i.ready.eq(Cat(*finished).all())
        return m
