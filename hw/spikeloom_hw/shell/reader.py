"""Reads a buffer: bursts asked for ahead, as many words as there is room for."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from .axi import BURST, DECERR, SLVERR, address_layout, read_layout, word_bits


class Reader(wiring.Component):
    """Memory words from ``address`` on, in order.

    Timing: the first address is valid three cycles after ``go``; a burst is asked for every three
    cycles at best. A word is at ``o`` two cycles after its transfer. ``r.ready`` is always high:
    room is set aside before a burst is asked for.

    Parameters
    ----------
    width, address_width: bits of the port to memory. bursts: in flight at most. depth: words that
        may be asked for and not taken at ``o``.

    Ports
    -----
    begin: ``words_read`` to zero. go: read ``words`` words from byte ``address``. stop: ask for no
        more.
    ar, r: the AXI channels. o: the words.
    asking: an address is, or will be, offered. awaiting: bursts are under way. complete: all words
        have come. empty: none is stored.
    moved: an address or a word was transferred. words_read: since ``begin``.
    slverr, decerr, protocol: in this cycle, see the register ``error``.
    """

    def __init__(self, *, width: int, address_width: int, bursts: int = 8, depth: int = 256):
        if depth < BURST or depth & (depth - 1):
            raise ValueError(f"depth: expected a power of two of at least {BURST}, got {depth}")
        self.width, self.bursts, self.depth, self.low = width, bursts, depth, word_bits(width)
        super().__init__(
            {
                "begin": In(1),
                "go": In(1),
                "stop": In(1),
                "address": In(address_width),
                "words": In(32),
                "ar": Out(stream.Signature(address_layout(address_width))),
                "r": In(stream.Signature(read_layout(width))),
                "o": Out(stream.Signature(width)),
                **{
                    name: Out(1)
                    for name in (
                        "asking",
                        "awaiting",
                        "complete",
                        "empty",
                        "moved",
                        "slverr",
                        "decerr",
                        "protocol",
                    )
                },
                "words_read": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        room, taken, issue, accepted = (
            Signal(range(self.depth + 1), init=self.depth),
            Signal(),
            Signal(),
            Signal(),
        )
        beats = Signal(range(BURST + 1))
        m.d.comb += [
            taken.eq(self.o.valid & self.o.ready),
            accepted.eq(self.ar.valid & self.ar.ready),
            self.moved.eq(accepted | self.r.valid),
        ]
        m.d.sync += room.eq(room + taken - Mux(issue, beats, 0))
        asked, finished = Signal(range(self.bursts + 1)), Signal()
        m.d.sync += asked.eq(asked + accepted - finished)
        m.d.comb += self.awaiting.eq(asked != 0)
        self.ask(m, beats, issue, (room >= BURST) & (asked != self.bursts))
        self.receive(m, self.awaiting | accepted, finished)
        return m

    def ask(self, m: Module, beats: Signal, issue: Signal, possible: Signal) -> None:
        """Addresses: up to the next multiple of ``BURST`` words, or to the end."""
        word, left, space = (
            Signal(len(self.address) - self.low),
            Signal(32),
            Signal(range(BURST + 1)),
        )
        m.d.comb += [
            space.eq(BURST - word[:4]),
            self.ar.payload.addr.eq(Cat(Const(0, self.low), word)),
            self.ar.payload.len.eq(beats - 1),
        ]
        with m.If(self.go):
            m.d.sync += [word.eq(self.address >> self.low), left.eq(self.words)]
        with m.FSM(name="ask_state") as fsm:
            with m.State("IDLE"), m.If(self.go):
                m.next = "MEASURE"
            with m.State("MEASURE"):
                m.d.sync += beats.eq(Mux(left[5:].any() | (left[:5] > space), space, left[:5]))
                m.next = "ISSUE"
                with m.If(self.stop | (left == 0)):
                    m.next = "IDLE"
            with m.State("ISSUE"):
                with m.If(self.stop):
                    m.next = "IDLE"
                with m.Elif(possible):
                    m.d.comb += issue.eq(1)
                    m.d.sync += self.ar.valid.eq(1)
                    m.next = "ACCEPT"
            with m.State("ACCEPT"), m.If(self.ar.ready):
                m.d.sync += [
                    self.ar.valid.eq(0),
                    left.eq(left - beats),
                    word.eq(Cat(Const(0, 4), word[4:] + 1)),
                ]
                m.next = "MEASURE"
        m.d.comb += self.asking.eq(~fsm.ongoing("IDLE"))

    def receive(self, m: Module, expected: Signal, finished: Signal) -> None:
        """Data: where the last beat of each burst must be follows from the address alone."""
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=self.width, depth=self.depth + 1)
        place, due = Signal(4), Signal(32)
        taking, last = Signal(), Signal()
        words_read = Signal(32, reset_less=True)  # may be read after the job, whatever its end
        m.d.comb += [
            self.words_read.eq(words_read),
            self.r.ready.eq(1),
            taking.eq(self.r.valid & expected),
            last.eq((place == BURST - 1) | (due == 1)),
            finished.eq(taking & last),
            self.protocol.eq(self.r.valid & (~expected | (self.r.payload.last != last))),
            self.slverr.eq(taking & (self.r.payload.resp == SLVERR)),
            self.decerr.eq(taking & (self.r.payload.resp == DECERR)),
            fifo.w_en.eq(taking),
            fifo.w_data.eq(self.r.payload.data),
            self.o.valid.eq(fifo.r_rdy),
            self.o.payload.eq(fifo.r_data),
            fifo.r_en.eq(self.o.ready),
            self.complete.eq(due == 0),
            self.empty.eq(fifo.level == 0),
        ]
        with m.If(self.go):
            m.d.sync += [place.eq(self.address[self.low :]), due.eq(self.words)]
        with m.Elif(taking):
            m.d.sync += [place.eq(place + 1), due.eq(due - 1)]
        with m.If(self.begin):
            m.d.sync += words_read.eq(0)
        with m.Elif(taking):
            m.d.sync += words_read.eq(words_read + 1)
