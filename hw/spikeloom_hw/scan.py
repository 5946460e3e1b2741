"""Event-driven reading of one queue: the set flags of its head word, ``ports`` a cycle, lowest first."""

from __future__ import annotations

from amaranth import Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out


class Scan(wiring.Component):
    """Spikes of one (window, bank).

    Timing: a word with n set flags takes max(1, ceil(n / ports)) cycles and is popped in the last of them.

    Parameters
    ----------
    width: flags of a word. ports: spikes per cycle. pass_words: words of one pass. rows: weight rows of one fold times folds.

    Ports
    -----
    i: words. advance: all queues have finished the pass, the next one starts. fold_base: first weight row of the coming pass.
    spikes: per port, whether a spike was found and the weight row that it addresses.
    working: a word is being scanned. done: the pass is finished, in this cycle or before. waiting: it was before.
    """

    def __init__(self, *, width: int, ports: int, pass_words: int, rows: int):
        self.width, self.ports, self.pass_words = width, ports, pass_words
        self.spike_layout = data.StructLayout({"valid": 1, "row": range(max(2, rows))})
        super().__init__(
            {
                "i": In(stream.Signature(width)),
                "advance": In(1),
                "next_base": In(range(max(2, rows))),
                "spikes": Out(data.ArrayLayout(self.spike_layout, ports)),
                "working": Out(1),
                "done": Out(1),
                "waiting": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        taken = Signal(self.width)
        base = Signal.like(self.next_base)
        count = Signal(range(max(2, self.pass_words)))
        word_done, popping, finishing = Signal(), Signal(), Signal()

        left = self.i.payload & ~taken
        picked_all: Signal | int = 0
        for port in range(self.ports):
            flags = Signal(self.width, name=f"flags{port}")
            picked = Signal(self.width, name=f"picked{port}")
            index = Signal(range(max(2, self.width)), name=f"index{port}")
            m.d.comb += [flags.eq(left), picked.eq(flags & -flags)]
            for i in reversed(range(self.width)):
                with m.If(flags[i]):
                    m.d.comb += index.eq(i)
            m.d.comb += [self.spikes[port].valid.eq(self.working & flags.any()), self.spikes[port].row.eq(base + index)]
            left = flags & ~picked
            picked_all = picked_all | picked

        m.d.comb += [
            self.working.eq(self.i.valid & ~self.waiting),
            word_done.eq(~left.any()),
            popping.eq(self.working & word_done),
            self.i.ready.eq(~self.waiting & word_done),
            finishing.eq(popping & (count == self.pass_words - 1)),
            self.done.eq(self.waiting | finishing),
        ]
        with m.If(self.working):
            m.d.sync += taken.eq(Mux(word_done, 0, taken | picked_all))
        with m.If(popping):
            m.d.sync += [count.eq(Mux(finishing, 0, count + 1)), base.eq(base + self.width)]
        with m.If(self.advance):
            m.d.sync += [self.waiting.eq(0), base.eq(self.next_base)]
        with m.Elif(finishing):
            m.d.sync += self.waiting.eq(1)
        return m
