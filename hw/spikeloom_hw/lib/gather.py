"""From windows side by side, fold after fold, to positions one after the other with their folds."""

from __future__ import annotations

from amaranth import Array, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from .loop_counter import counter


class Gather(wiring.Component):
    """Reorders (fold; windows) to (window; folds), two steps deep.

    Timing (docs/explanation/engine.md): one fold in per cycle while a buffer is free; the first
    beat leaves in the cycle after the last fold at the earliest, then one a cycle.

    Parameters
    ----------
    width: bits of one beat. windows, folds: beats side by side, and one after the other.
    """

    def __init__(self, *, width: int, windows: int, folds: int):
        self.width, self.windows, self.folds = width, windows, folds
        super().__init__(
            {"i": In(stream.Signature(width * windows)), "o": Out(stream.Signature(width))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        writing, reading = Signal(), Signal()
        i_fold, i_half = counter(m, "i_fold", self.folds), counter(m, "i_half", 2)
        o_fold, window, o_half = (
            counter(m, "o_fold", self.folds),
            counter(m, "window", self.windows),
            counter(m, "o_half", 2),
        )
        opened, complete = Signal(range(3)), Signal(range(3))
        starts = Signal()
        m.d.comb += [
            starts.eq(writing & (i_fold.value == 0)),
            self.i.ready.eq((i_fold.value != 0) | (opened != 2)),
            writing.eq(self.i.valid & self.i.ready),
            self.o.valid.eq(complete != 0),
            reading.eq(self.o.valid & self.o.ready),
            i_fold.step.eq(writing),
            i_half.step.eq(i_fold.wrap),
            o_fold.step.eq(reading),
            window.step.eq(o_fold.wrap),
            o_half.step.eq(window.wrap),
        ]
        m.d.sync += [
            opened.eq(opened + starts - window.wrap),
            complete.eq(complete + i_fold.wrap - window.wrap),
        ]
        data = []
        for w in range(self.windows):
            m.submodules[f"buffer{w}"] = memory = Memory(
                shape=self.width, depth=2 * self.folds, init=[]
            )
            write, read = memory.write_port(), memory.read_port(domain="comb")
            m.d.comb += [
                write.en.eq(writing),
                write.addr.eq(i_half.value * self.folds + i_fold.value),
                write.data.eq(self.i.payload.word_select(w, self.width)),
                read.addr.eq(o_half.value * self.folds + o_fold.value),
            ]
            data.append(read.data)
        m.d.comb += self.o.payload.eq(Array(data)[window.value])
        return m
