"""AXI4-Lite slave: one write and one read at a time, handed to the register bank."""

from __future__ import annotations

from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

WAIT = 3
"""Cycles from a read address to the sampling of what it names: a counter of the network takes
two.
"""


SPACING = 4
"""Cycles from one write to the next, at least: a job has sampled its parameters before the write
behind its start can change them.
"""


def lite_ports(address_width: int) -> dict[str, wiring.Member]:
    """The channels of a slave with 32 bits of data, flat names without a prefix."""
    return {
        "awaddr": In(address_width),
        "awprot": In(3),
        "awvalid": In(1),
        "awready": Out(1),
        "wdata": In(32),
        "wstrb": In(4),
        "wvalid": In(1),
        "wready": Out(1),
        "bresp": Out(2),
        "bvalid": Out(1),
        "bready": In(1),
        "araddr": In(address_width),
        "arprot": In(3),
        "arvalid": In(1),
        "arready": Out(1),
        "rdata": Out(32),
        "rresp": Out(2),
        "rvalid": Out(1),
        "rready": In(1),
    }


class Lite(wiring.Component):
    """Every response is OKAY; a write of less than four bytes changes nothing.

    Timing: ``write`` is high in the cycle after the later of address and data, and ``SPACING``
    cycles after the write before it at the earliest; ``bvalid`` one cycle later. ``read`` is high
    ``WAIT`` + 1 cycles after the address came, ``rvalid`` one cycle later. In reset, and in the
    cycle after it, nothing is ready: what was taken there would be forgotten.

    Parameters
    ----------
    address_width: bits of a byte address.

    Ports
    -----
    awaddr, ...: the bus. write, write_address, write_data: a word to write. read_address: stable
        from ``WAIT`` cycles before ``read`` on.
    read: ``data`` is to be there in the next cycle, and to stay until the next ``read``.
    """

    def __init__(self, *, address_width: int):
        if address_width < 3:
            raise ValueError(f"address width: expected 3 or more, got {address_width}")
        super().__init__(
            {
                **lite_ports(address_width),
                "write": Out(1),
                "write_address": Out(address_width),
                "write_data": Out(32),
                "read": Out(1),
                "read_address": Out(address_width),
                "data": In(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        awake = Signal()
        m.d.sync += awake.eq(1)
        self.writes(m, awake)
        self.reads(m, awake)
        return m

    def writes(self, m: Module, awake: Signal) -> None:
        have_address, have_data, whole = Signal(), Signal(), Signal()
        both, pause = Signal(), Signal(range(SPACING))
        m.d.comb += [
            self.awready.eq(awake & ~have_address),
            self.wready.eq(awake & ~have_data),
            both.eq(have_address & have_data & ~self.bvalid & (pause == 0)),
            self.write.eq(both & whole),
        ]
        with m.If(self.awvalid & self.awready):
            m.d.sync += [have_address.eq(1), self.write_address.eq(self.awaddr)]
        with m.If(self.wvalid & self.wready):
            m.d.sync += [
                have_data.eq(1),
                self.write_data.eq(self.wdata),
                whole.eq(self.wstrb.all()),
            ]
        with m.If(pause != 0):
            m.d.sync += pause.eq(pause - 1)
        with m.If(both):
            m.d.sync += [
                pause.eq(SPACING - 1),
                have_address.eq(0),
                have_data.eq(0),
                self.bvalid.eq(1),
            ]
        with m.Elif(self.bready):
            m.d.sync += self.bvalid.eq(0)

    def reads(self, m: Module, awake: Signal) -> None:
        count = Signal(range(WAIT + 1))
        with m.FSM(name="read_state"):
            with m.State("IDLE"):
                m.d.comb += self.arready.eq(awake)
                m.d.sync += count.eq(WAIT)
                with m.If(self.arvalid & awake):
                    m.d.sync += self.read_address.eq(self.araddr)
                    m.next = "WAIT"
            with m.State("WAIT"):
                m.d.sync += count.eq(count - 1)
                m.d.comb += self.read.eq(count == 0)
                with m.If(self.read):
                    m.d.sync += self.rvalid.eq(1)
                    m.next = "RESPOND"
            with m.State("RESPOND"), m.If(self.rready):
                m.d.sync += self.rvalid.eq(0)
                m.next = "IDLE"
        m.d.comb += self.rdata.eq(self.data)
