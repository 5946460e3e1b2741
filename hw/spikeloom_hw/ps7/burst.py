"""The beats of an AXI3 burst, one address after the other."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .axi3 import FIXED, GP_ID, WRAP, request_layout


class Burst(wiring.Component):
    """Holds one burst and walks through it.

    Timing: the first address is there in the cycle after ``load``, the next one in the cycle after
    ``step``.

    Ports
    -----
    load: take ``request``. step: to the next beat. address: byte address of the beat. id: of the
        burst. last: this beat is the last one.

    Addresses are those of AXI3, but for the bits within a word: FIXED stays; INCR goes on by the
        size of a beat (1, 2 or 4 bytes);
    WRAP, whose first address is aligned, stays within the aligned block of all its beats.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "load": In(1),
                "request": In(request_layout()),
                "step": In(1),
                "address": Out(32),
                "id": Out(GP_ID),
                "last": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        held, left = Signal(request_layout()), Signal(4)
        block, onward, following = Signal(6), Signal(32), Signal(32)
        m.d.comb += [
            block.eq(held.len << held.size),
            onward.eq(self.address + (Const(1, 3) << held.size)),
            self.id.eq(held.id),
            self.last.eq(left == 0),
        ]
        with m.Switch(held.burst):
            with m.Case(FIXED):
                m.d.comb += following.eq(self.address)
            with m.Case(WRAP):
                turning = (Mux(block[k], onward[k], self.address[k]) for k in range(len(block)))
                m.d.comb += following.eq(Cat(*turning, self.address[len(block) :]))
            with m.Default():
                m.d.comb += following.eq(onward)
        with m.If(self.load):
            m.d.sync += [
                held.eq(self.request),
                self.address.eq(self.request.addr),
                left.eq(self.request.len),
            ]
        with m.Elif(self.step):
            m.d.sync += [self.address.eq(following), left.eq(left - 1)]
        return m
