"""Event-driven reading of one queue: set flags of its head word, which is in a register, ``ports``
a cycle, lowest first.
"""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from .queues import early_signature


class Scan(wiring.Component):
    """Spikes of one (window, bank).

    Timing: a word is taken in the cycle in which the one before has its last, or while there is
    none, and worked on from the next cycle on: one with n set flags max(1, ceil(n / ports)) cycles.

    Parameters
    ----------
    width: flags of a word. ports: spikes per cycle. pass_words: words of one pass. passes: how many
        passes have rows of their own.
    idle: row that a port without a spike addresses, if it matters.

    Ports
    -----
    i: words. advance: all queues have finished the pass, the next one starts, which begins at
        ``next_base``.
    spikes: per port, whether a spike was found and the weight row that it addresses: that of flag f
        of word k of pass p is ``(p * pass_words + k) * width + f``, where the pass begins at ``p *
        pass_words * step``.
    working: a word is being scanned. done: the pass is finished, in this cycle or before. waiting:
        it was before.
    """

    def __init__(
        self, *, width: int, ports: int, pass_words: int, passes: int, idle: int | None = None
    ):
        self.width, self.ports, self.pass_words, self.passes, self.idle = (
            width,
            ports,
            pass_words,
            passes,
            idle,
        )
        rows = passes * pass_words * width + (idle is not None)
        self.step = step(width)
        self.bases = passes * pass_words * self.step
        self.spike_layout = data.StructLayout({"valid": 1, "row": range(max(2, rows))})
        super().__init__(
            {
                "i": In(early_signature(width)),
                "advance": In(1),
                "next_base": In(range(max(2, self.bases))),
                "spikes": Out(data.ArrayLayout(self.spike_layout, ports)),
                "working": Out(1),
                "done": Out(1),
                "waiting": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Flags of the head word that are still to come, and whether there is one.
        head, full = Signal(self.width), Signal()
        base = Signal(range(max(2, self.bases)))
        count = Signal(range(max(2, self.pass_words)))
        word_done, popping, finishing = Signal(), Signal(), Signal()

        left: Value = head
        for port in range(self.ports):
            flags = Signal(self.width, name=f"flags{port}")
            picked = Signal(self.width, name=f"picked{port}")
            spike, found = self.spikes[port], Signal(name=f"found{port}")
            m.d.comb += [
                flags.eq(left),
                picked.eq(lowest(flags)),
                found.eq(self.working & flags.any()),
                spike.valid.eq(found),
            ]
            index = encoded(picked)
            row = Cat(index, base) if self.step == 1 else base + index
            m.d.comb += spike.row.eq(row if self.idle is None else Mux(found, row, self.idle))
            left = flags & ~picked

        m.d.comb += [
            self.working.eq(full & ~self.waiting),
            word_done.eq(~left.any()),
            popping.eq(self.working & word_done),
            self.i.ready.eq(~full | (~self.waiting & word_done)),
            finishing.eq(popping & (count == self.pass_words - 1)),
            self.done.eq(self.waiting | finishing),
        ]
        with m.If(self.i.ready):
            m.d.sync += full.eq(self.i.valid | self.i.arrives)
        # Written so for the LUTs that Yosys makes of it: a word is held while it waits, and what
        # the register has without one is of no use.
        with m.If(~self.waiting | ~full):
            m.d.sync += head.eq(
                Mux(full & ~word_done, left, Mux(self.i.valid, self.i.payload, self.i.fresh))
            )
        with m.If(popping):
            m.d.sync += [count.eq(Mux(finishing, 0, count + 1)), base.eq(base + self.step)]
        with m.If(self.advance):
            m.d.sync += [self.waiting.eq(0), base.eq(self.next_base)]
        with m.Elif(finishing):
            m.d.sync += self.waiting.eq(1)
        return m


def step(width: int) -> int:
    """How far the base goes with a word: where rows of a word are a power of two, its number and
    the flag's lie side by side in the address, and nothing is added.
    """
    return width if width & (width - 1) else 1


SHORT = 8
"""Flags up to which the lowest one is found by gates; beyond, a carry chain is smaller and
faster.
"""


def lowest(flags: Signal) -> Value:
    """The lowest set flag alone."""
    if len(flags) > SHORT:
        return flags & -flags
    return Cat(flags[i] & ~flags[:i].any() if i else flags[0] for i in range(len(flags)))


def encoded(single: Signal) -> Value:
    """The number of the only set flag; 0 where none is."""
    bits = (len(single) - 1).bit_length()
    return Cat(
        Cat(single[i] for i in range(len(single)) if i >> bit & 1).any() for bit in range(bits)
    )
