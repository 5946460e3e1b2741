"""Memory words to beats of the network: T bits out of each container, ``group`` containers a beat,
whatever the ratio.
"""

from __future__ import annotations

from math import gcd

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Gearbox(wiring.Component):
    """Containers run on across words, beats and images.

    Where a word holds several beats, the last words are kept in a shift register, of which a beat
    is cut out. Where a beat takes several words, each word is turned and put into its place in the
    beat: turning a word takes less logic than cutting out what is wider.

    Timing: a word is in beats from the next cycle on. While words come, a beat leaves in every
    cycle, or, where it is wider than a word, whenever all of it is there.

    Parameters
    ----------
    width: bits of a memory word. container: bits of a container, a power of two. steps: bits of it
        that count, the low ones.
    group: containers of a beat.

    Ports
    -----
    i: memory words. o: beats, container c of it at bits [c*steps, (c+1)*steps). whole: at least one
        unused word is kept.
    """

    def __init__(self, *, width: int, container: int, steps: int, group: int):
        if not 1 <= steps <= container or width % container or group < 1:
            raise ValueError(
                f"expected steps <= container, width a multiple of it; got {steps}, {container},"
                f" {width}, group {group}"
            )
        if (width // container) & (width // container - 1):
            raise ValueError(
                f"containers of a word: expected a power of two, got {width // container}"
            )
        self.container, self.steps = container, steps
        self.containers = width // container
        self.unit = gcd(self.containers, group)
        self.word, self.beat = self.containers // self.unit, group // self.unit
        self.bits = self.unit * steps
        super().__init__(
            {
                "i": In(stream.Signature(width)),
                "o": Out(stream.Signature(group * steps)),
                "whole": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        word, beat = self.word, self.beat
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
        useful = Cat(
            self.i.payload.word_select(c, self.container)[: self.steps]
            for c in range(self.containers)
        )
        if 1 < word < beat:
            self.put(m, useful, level, taking, giving)
        else:
            self.cut(m, useful, level, taking)
        return m

    def cut(self, m: Module, useful: Value, level: Signal, taking: Signal) -> None:
        """The kept units are the last ones of a shift register; the beat that starts ``level``
        units before its end leaves.
        """
        word, beat, bits = self.word, self.beat, self.bits
        kept = Signal(bits * (-(-(word + beat - 1) // word) * word))
        with m.If(taking):
            m.d.sync += kept.eq(Cat(kept, useful)[len(useful) :])
        last = beat + word - 1
        skipped = Signal(range(word))
        m.d.comb += skipped.eq(last - level)
        found: Value = kept[len(kept) - last * bits :]
        for k in reversed(range(len(skipped))):
            closer = Signal(bits * (beat + (1 << k) - 1), name=f"skipped{1 << k}")
            m.d.comb += closer.eq(Mux(skipped[k], found[bits << k :], found))
            found = closer
        m.d.comb += self.o.payload.eq(found)

    def put(self, m: Module, useful: Value, level: Signal, taking: Signal, giving: Signal) -> None:
        """The kept units are the first ones of a register, the beat at its beginning. What lies
        behind them does not matter.
        """
        word, beat, bits = self.word, self.beat, self.bits
        kept = [Signal(bits, name=f"kept{u}") for u in range(beat + word - 1)]
        # A word is taken beside a whole beat only while that leaves: whether it does need not be
        # asked.
        place = Signal(range(beat))
        m.d.comb += place.eq(Mux(level >= beat, level - beat, level))
        turned = useful
        for k in range(word.bit_length() - 1):
            further = Signal(len(useful), name=f"turned{1 << k}")
            m.d.comb += further.eq(Mux(place[k], turned.rotate_left(bits << k), turned))
            turned = further
        for u, unit in enumerate(kept):
            with m.If(taking & (place <= u)):
                m.d.sync += unit.eq(turned.word_select(u % word, bits))
            if u + beat < len(kept):
                with m.Elif(giving):
                    m.d.sync += unit.eq(kept[u + beat])
        m.d.comb += self.o.payload.eq(Cat(kept[:beat]))
