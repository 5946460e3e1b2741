"""Writes a buffer: a burst goes out when all of it is there."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO, SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from .axi import BURST, DECERR, SLVERR, address_layout, word_bits, write_layout
from .packer import VALUE, word_layout


class Writer(wiring.Component):
    """Memory words to ``address`` and on, in order. Bursts end at multiples of ``BURST`` words, and
    with the last word of a job.

    Timing: the address of a burst is valid two cycles after its last word came, at best; its words
    follow one a cycle; the next burst follows two cycles after.

    Parameters
    ----------
    width, address_width: bits of the port to memory. bursts: unanswered at most. depth: words that
        wait.

    Ports
    -----
    go: a job writes from byte ``address`` on. stop: begin no more bursts.
    i: words. aw, w, b: the AXI channels. sending: a burst is on its way out. awaiting: answers are
        due.
    complete: the last word is acknowledged.
    moved: something was transferred to or from memory. words_written: acknowledged since ``begin``.
    slverr, decerr, protocol: in this cycle, see the register ``error``.
    """

    def __init__(self, *, width: int, address_width: int, bursts: int = 4, depth: int = 128):
        if depth < BURST or depth & (depth - 1):
            raise ValueError(f"depth: expected a power of two of at least {BURST}, got {depth}")
        self.width, self.bursts, self.depth, self.low = width, bursts, depth, word_bits(width)
        super().__init__(
            {
                "begin": In(1),
                "go": In(1),
                "stop": In(1),
                "address": In(address_width),
                "i": In(stream.Signature(word_layout(width))),
                "aw": Out(stream.Signature(address_layout(address_width))),
                "w": Out(stream.Signature(write_layout(width))),
                "b": In(stream.Signature(2)),
                **{
                    name: Out(1)
                    for name in (
                        "sending",
                        "awaiting",
                        "complete",
                        "moved",
                        "slverr",
                        "decerr",
                        "protocol",
                    )
                },
                "words_written": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Only the first and the last burst can be short, so more than these never wait.
        m.submodules.lengths = lengths = SyncFIFO(width=4, depth=self.depth // BURST + 2)
        m.submodules.words = words = SyncFIFOBuffered(
            width=self.width + self.width // VALUE, depth=self.depth + 1
        )
        m.submodules.unanswered = unanswered = SyncFIFO(width=4, depth=self.bursts)
        closed, sent = Signal(), Signal()
        self.collect(m, words, lengths, closed)
        self.send(m, words, lengths, unanswered, sent)
        self.hear(m, unanswered, sent)
        m.d.comb += [
            self.complete.eq(closed & ~lengths.r_rdy & ~self.sending & ~self.awaiting),
            self.moved.eq(
                (self.aw.valid & self.aw.ready) | (self.w.valid & self.w.ready) | self.b.valid
            ),
        ]
        return m

    def collect(
        self, m: Module, words: SyncFIFOBuffered, lengths: SyncFIFO, closed: Signal
    ) -> None:
        """Words into their FIFO, the length of each burst with its last word."""
        place, count, taking, ends = Signal(4), Signal(4), Signal(), Signal()
        word = self.i.payload
        m.d.comb += [
            self.i.ready.eq(words.w_rdy),
            taking.eq(self.i.valid & self.i.ready),
            ends.eq((place == BURST - 1) | word.last),
            words.w_en.eq(taking),
            words.w_data.eq(Cat(word.data, word.lanes)),
            lengths.w_en.eq(taking & ends),
            lengths.w_data.eq(count),
        ]
        with m.If(self.go):
            m.d.sync += [place.eq(self.address[self.low :]), count.eq(0), closed.eq(0)]
        with m.Elif(taking):
            m.d.sync += [
                place.eq(place + 1),
                count.eq(Mux(ends, 0, count + 1)),
                closed.eq(word.last),
            ]

    def send(
        self,
        m: Module,
        words: SyncFIFOBuffered,
        lengths: SyncFIFO,
        unanswered: SyncFIFO,
        sent: Signal,
    ) -> None:
        """One burst after the other, its address beside its words."""
        word, left, pouring, start = (
            Signal(len(self.address) - self.low),
            Signal(4),
            Signal(),
            Signal(),
        )
        last = Signal()
        m.d.comb += [
            start.eq(~self.sending & lengths.r_rdy & unanswered.w_rdy & ~self.stop),
            lengths.r_en.eq(start),
            unanswered.w_en.eq(start),
            unanswered.w_data.eq(lengths.r_data),
            self.aw.payload.addr.eq(Cat(Const(0, self.low), word)),
            self.w.valid.eq(pouring & words.r_rdy),
            self.w.payload.data.eq(words.r_data),
            self.w.payload.strb.eq(
                Cat(lane.replicate(VALUE // 8) for lane in words.r_data[self.width :])
            ),
            self.w.payload.last.eq(left == 0),
            words.r_en.eq(pouring & self.w.ready),
            last.eq(self.w.valid & self.w.ready & self.w.payload.last),
            sent.eq(self.sending & (~self.aw.valid | self.aw.ready) & (~pouring | last)),
        ]
        with m.If(self.w.valid & self.w.ready):
            m.d.sync += left.eq(left - 1)
        with m.If(last):
            m.d.sync += pouring.eq(0)
        with m.If(self.aw.ready):
            m.d.sync += self.aw.valid.eq(0)
        with m.If(sent):
            m.d.sync += [self.sending.eq(0), word.eq(Cat(Const(0, 4), word[4:] + 1))]
        with m.If(start):
            m.d.sync += [
                self.sending.eq(1),
                pouring.eq(1),
                left.eq(lengths.r_data),
                self.aw.valid.eq(1),
                self.aw.payload.len.eq(lengths.r_data),
            ]
        with m.If(self.go):
            m.d.sync += word.eq(self.address >> self.low)

    def hear(self, m: Module, unanswered: SyncFIFO, sent: Signal) -> None:
        """Answers, in the order of the bursts."""
        owed, answered = Signal(range(self.bursts + 1)), Signal()
        words_written = Signal(32, reset_less=True)  # may be read after the job, whatever its end
        m.d.comb += [
            self.words_written.eq(words_written),
            self.b.ready.eq(1),
            self.awaiting.eq(owed != 0),
            answered.eq(self.b.valid & (self.awaiting | sent)),
            self.protocol.eq(self.b.valid & ~answered),
            unanswered.r_en.eq(answered),
            self.slverr.eq(answered & (self.b.payload == SLVERR)),
            self.decerr.eq(answered & (self.b.payload == DECERR)),
        ]
        m.d.sync += owed.eq(owed + sent - answered)
        with m.If(self.begin):
            m.d.sync += words_written.eq(0)
        with m.Elif(answered):
            m.d.sync += words_written.eq(words_written + unanswered.r_data + 1)
