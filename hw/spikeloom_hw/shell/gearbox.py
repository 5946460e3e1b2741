"""Memory words to beats of the network: T bits out of each container, ``group`` containers a beat, whatever the ratio."""

from __future__ import annotations

from math import gcd

from amaranth import Array, Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Gearbox(wiring.Component):
    """Containers run on across words, beats and images.

    The last few words are kept in a shift register, of which a beat is cut out: no data moves but when a word comes.

    Timing: a word is in beats from the next cycle on. While words come, a beat leaves in every cycle, or, where it is wider than a
    word, whenever all of it is there.

    Parameters
    ----------
    width: bits of a memory word. container: bits of a container, 8 or 16. steps: bits of it that count, the low ones.
    group: containers of a beat.

    Ports
    -----
    i: memory words. o: beats, container c of it at bits [c*steps, (c+1)*steps). whole: at least one unused word is kept.
    """

    def __init__(self, *, width: int, container: int, steps: int, group: int):
        if not 1 <= steps <= container or width % container or group < 1:
            raise ValueError(f"expected steps <= container, width a multiple of it; got {steps}, {container}, {width}, group {group}")
        if (width // container) & (width // container - 1):
            raise ValueError(f"containers of a word: expected a power of two, got {width // container}")
        self.container, self.steps = container, steps
        self.containers = width // container
        self.unit = gcd(self.containers, group)
        self.word, self.beat = self.containers // self.unit, group // self.unit
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(group * steps)), "whole": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word, beat, bits = self.word, self.beat, self.unit * self.steps
        kept = Signal(bits * (-(-(word + beat - 1) // word) * word))
        level = Signal(range(word + beat))
        taking, giving = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq((level < beat) | (self.o.ready & (level < 2 * beat))),
            self.o.valid.eq(level >= beat),
            self.whole.eq(level >= word),
            taking.eq(self.i.valid & self.i.ready),
            giving.eq(self.o.valid & self.o.ready),
        ]
        m.d.sync += level.eq(level - Mux(giving, beat, 0) + Mux(taking, word, 0))
        useful = Cat(self.i.payload.word_select(c, self.container)[: self.steps] for c in range(self.containers))
        with m.If(taking):
            m.d.sync += kept.eq(Cat(kept, useful)[len(useful) :])
        # A beat starts ``level`` units before the end; the levels that are enough for one differ modulo ``word``, a power of two.
        starts = {at % word: len(kept) - at * bits for at in range(beat, beat + word)}
        m.d.comb += self.o.payload.eq(Array(kept[starts[k] : starts[k] + beat * bits] for k in range(word))[level % word])
        return m
