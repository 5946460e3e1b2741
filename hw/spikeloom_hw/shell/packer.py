"""The way out of the network: values of 32 bits to memory words."""

from __future__ import annotations

from amaranth import Module, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

VALUE = 32


def value_layout() -> data.StructLayout:
    """A value of the network; ``last`` of an image."""
    return data.StructLayout({"data": VALUE, "last": 1})


def word_layout(width: int) -> data.StructLayout:
    """A memory word; which of its values are there; ``last`` of a job."""
    return data.StructLayout({"data": width, "lanes": width // VALUE, "last": 1})


class Packer(wiring.Component):
    """Puts values side by side, the first in the lowest bits, across images; the word with the last
    value of a job goes as it is.

    Timing: a word is offered in the cycle after its last value; a value is taken in every cycle
    while words are.

    Parameters
    ----------
    width: bits of a memory word.

    Ports
    -----
    begin: ``images_out`` to zero. go: a job of ``last_image`` + 1 images begins. open: the job
        runs. i: values. o: words.
    finished: the last value of an image passes. images_out: of this job. waiting: a value is there,
        and memory takes none.
    """

    def __init__(self, *, width: int):
        if width % VALUE:
            raise ValueError(f"memory width: expected a multiple of {VALUE}, got {width}")
        self.lanes = width // VALUE
        super().__init__(
            {
                "begin": In(1),
                "go": In(1),
                "open": In(1),
                "last_image": In(32),
                "i": In(stream.Signature(value_layout())),
                "o": Out(stream.Signature(word_layout(width))),
                "finished": Out(1),
                "waiting": Out(1),
                "images_out": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word, lane = self.o.payload, Signal(range(max(2, self.lanes)))
        taking, closes = Signal(), Signal()
        images_out = Signal(32, reset_less=True)  # may be read after the job, whatever its end
        m.d.comb += [
            self.images_out.eq(images_out),
            self.i.ready.eq(self.open & (~self.o.valid | self.o.ready)),
            taking.eq(self.i.valid & self.i.ready),
            self.finished.eq(taking & self.i.payload.last),
            closes.eq(self.finished & (images_out == self.last_image)),
            self.waiting.eq(self.open & self.i.valid & ~self.i.ready),
        ]
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.If(taking):
            m.d.sync += [
                word.data.word_select(lane, VALUE).eq(self.i.payload.data),
                word.lanes.eq(((2 << lane) - 1)[: self.lanes]),
                word.last.eq(closes),
                lane.eq(lane + 1),
            ]
            with m.If(closes | (lane == self.lanes - 1)):
                m.d.sync += [self.o.valid.eq(1), lane.eq(0)]
        with m.If(self.begin):
            m.d.sync += images_out.eq(0)
        with m.Elif(self.finished):
            m.d.sync += images_out.eq(images_out + 1)
        return m
