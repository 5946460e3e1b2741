"""Registers on a general-purpose port: AXI3 with IDs and bursts in, AXI4-Lite out."""

from __future__ import annotations

from amaranth import Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..shell.lite import lite_ports
from .axi3 import read_layout, request_layout, response_layout, word_layout
from .burst import Burst
from .slice import Slice


class Control(wiring.Component):
    """One beat after the other, each an access of a whole word at the address below it; writes and
    reads do not wait for each other.

    The strobes of a beat go on as they are. The response of a write is the worst of its beats';
    beats are counted by the length of the burst, so W needs no WLAST here.

    Timing, with a slave that takes what it is offered at once and answers ``a`` cycles after it
    took an access: from the transfer of AR to R of a burst's k-th beat (from 0), where R is taken
    at once, 3 + a + k · (1 + a) cycles. From the transfer of AW to B, where the only W comes no
    later, 3 + a cycles.

    Parameters
    ----------
    address_width: bits of a byte address of the slave; higher ones are not looked at.

    Ports
    -----
    ar, r, aw, w, b: the AXI3 slave. lite: AXI4-Lite master.
    """

    def __init__(self, *, address_width: int):
        self.address_width = address_width
        self.names = lite_ports(address_width)
        super().__init__(
            {
                "ar": In(stream.Signature(request_layout())),
                "r": Out(stream.Signature(read_layout())),
                "aw": In(stream.Signature(request_layout())),
                "w": In(stream.Signature(word_layout())),
                "b": Out(stream.Signature(response_layout())),
                "lite": Out(
                    wiring.Signature({name: member.flip() for name, member in self.names.items()})
                ),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.reads(m)
        self.writes(m)
        return m

    def aligned(self, address: Signal) -> object:
        """The word of a byte address."""
        return address[2 : self.address_width] << 2

    def reads(self, m: Module) -> None:
        m.submodules.ar = requests = Slice(request_layout())
        m.submodules.r = answers = Slice(read_layout())
        m.submodules.read_burst = burst = Burst()
        wiring.connect(m, wiring.flipped(self.ar), requests.i)
        wiring.connect(m, answers.o, wiring.flipped(self.r))
        lite = self.lite
        m.d.comb += [
            burst.request.eq(requests.o.payload),
            lite.araddr.eq(self.aligned(burst.address)),
            answers.i.payload.eq(Const(0)),
            answers.i.payload.id.eq(burst.id),
            answers.i.payload.data.eq(lite.rdata),
            answers.i.payload.resp.eq(lite.rresp),
            answers.i.payload.last.eq(burst.last),
        ]
        with m.FSM(name="read_state"):
            with m.State("IDLE"):
                m.d.comb += [requests.o.ready.eq(1), burst.load.eq(requests.o.valid)]
                with m.If(requests.o.valid):
                    m.next = "ASK"
            with m.State("ASK"):
                m.d.comb += lite.arvalid.eq(1)
                with m.If(lite.arready):
                    m.next = "HEAR"
            with m.State("HEAR"):
                m.d.comb += [answers.i.valid.eq(lite.rvalid), lite.rready.eq(answers.i.ready)]
                with m.If(lite.rvalid & answers.i.ready):
                    m.d.comb += burst.step.eq(1)
                    m.next = "ASK"
                    with m.If(burst.last):
                        m.next = "IDLE"

    def writes(self, m: Module) -> None:
        m.submodules.aw = requests = Slice(request_layout())
        m.submodules.w = words = Slice(word_layout())
        m.submodules.b = answers = Slice(response_layout())
        m.submodules.write_burst = burst = Burst()
        wiring.connect(m, wiring.flipped(self.aw), requests.i)
        wiring.connect(m, wiring.flipped(self.w), words.i)
        wiring.connect(m, answers.o, wiring.flipped(self.b))
        lite, worst, response = self.lite, Signal(2), Signal(2)
        m.d.comb += [
            burst.request.eq(requests.o.payload),
            lite.awaddr.eq(self.aligned(burst.address)),
            lite.wdata.eq(words.o.payload.data),
            lite.wstrb.eq(words.o.payload.strb),
            response.eq(Mux(lite.bresp > worst, lite.bresp, worst)),
            answers.i.payload.id.eq(burst.id),
            answers.i.payload.resp.eq(response),
        ]
        address_gone, data_gone = Signal(), Signal()
        with m.FSM(name="write_state"):
            with m.State("IDLE"):
                m.d.comb += [requests.o.ready.eq(1), burst.load.eq(requests.o.valid)]
                m.d.sync += worst.eq(0)
                with m.If(requests.o.valid):
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.comb += [
                    lite.awvalid.eq(words.o.valid & ~address_gone),
                    lite.wvalid.eq(words.o.valid & ~data_gone),
                ]
                m.d.sync += [
                    address_gone.eq(address_gone | (lite.awvalid & lite.awready)),
                    data_gone.eq(data_gone | (lite.wvalid & lite.wready)),
                ]
                with m.If(
                    words.o.valid & (address_gone | lite.awready) & (data_gone | lite.wready)
                ):
                    m.d.comb += words.o.ready.eq(1)
                    m.d.sync += [address_gone.eq(0), data_gone.eq(0)]
                    m.next = "HEAR"
            with m.State("HEAR"):
                m.d.comb += [
                    answers.i.valid.eq(lite.bvalid & burst.last),
                    lite.bready.eq(answers.i.ready | ~burst.last),
                ]
                with m.If(lite.bvalid & lite.bready):
                    m.d.comb += burst.step.eq(1)
                    m.d.sync += worst.eq(response)
                    m.next = "SEND"
                    with m.If(burst.last):
                        m.next = "IDLE"
