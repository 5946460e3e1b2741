"""The way into the weight memories: memory words as 32-bit words, counted and summed up."""

from __future__ import annotations

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.lib.wiring import In, Out

from ..lib.regroup import Regroup
from ..memory.loading import CHUNK

PATIENCE = 1 << 14
"""Cycles that the last word may take through the chain of loaders; more than any chain has
loaders.
"""


class Feed(wiring.Component):
    """Feeds the chain of loaders, see :mod:`spikeloom_hw.memory.loading`.

    Timing: a memory word is taken every ``width / 32`` cycles; its first 32 bits leave in the next
    one.

    Parameters
    ----------
    width: bits of a memory word. patience: cycles without a word after which ``late`` is high.

    Ports
    -----
    go: a load begins, its words come later. i: memory words. valid, data: to the chain. empty:
        words have come, and none is held.
    late: nothing has come for long. words, crc: since ``go``; they may be read after the load,
        whatever its end.
    """

    def __init__(self, *, width: int, patience: int = PATIENCE):
        if width <= CHUNK or width % CHUNK:
            raise ValueError(f"width must be a multiple of {CHUNK} and more than that, got {width}")
        self.width, self.patience = width, patience
        super().__init__(
            {
                "go": In(1),
                "i": In(stream.Signature(width)),
                **{name: Out(1) for name in ("valid", "empty", "late")},
                **{name: Out(32) for name in ("data", "words", "crc")},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.parts = parts = Regroup(i_width=self.width, o_width=CHUNK)
        m.submodules.sum = crc = CRC32_ISO_HDLC(data_width=CHUNK).create()
        quiet, begun = Signal(range(self.patience + 1)), Signal()
        words, kept = Signal(32, reset_less=True), Signal(32, reset_less=True)
        wiring.connect(m, wiring.flipped(self.i), parts.i)
        m.d.comb += [
            parts.o.ready.eq(1),
            self.valid.eq(parts.o.valid),
            self.data.eq(parts.o.payload),
            self.empty.eq(begun & ~parts.o.valid & ~self.i.valid),
            self.late.eq(quiet == self.patience),
            self.words.eq(words),
            crc.start.eq(self.go),
            crc.valid.eq(self.valid),
            crc.data.eq(self.data),
            self.crc.eq(kept),
        ]
        with m.If(begun):
            m.d.sync += kept.eq(crc.crc)
        with m.If(self.valid | self.go):
            m.d.sync += quiet.eq(0)
        with m.Elif(~self.late):
            m.d.sync += quiet.eq(quiet + 1)
        with m.If(self.go):
            m.d.sync += [words.eq(0), kept.eq(0)]
        with m.Elif(self.valid):
            m.d.sync += [words.eq(words + 1), begun.eq(1)]
        return m
