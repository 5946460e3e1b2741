"""The spike source: a line buffer that is read window by window, and a queue of words per bank.

i ──► write ──► ring of rows ──► fetch ──► mask ──► queue 0 ──► o[0]
                    ▲              │                queue 1 ──► o[1]
                    └── release ───┘                ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2
from spikeloom.mapping.plan.fifo_depth import last_tap

from ..bodies.queues import Queues
from ..lib.lookup import table
from ..lib.loop_counter import Counter, counter
from ..lib.runtime_steps import chosen, steps_port

LOOPS = ("word", "kx", "ky", "plane", "fold", "x", "y")
"""The order of work, from the innermost to the outermost."""


@dataclass(frozen=True)
class Nest:
    """The loop nest of the fetch: ``fetch`` is high in a cycle that reads a word."""

    fetch: Signal
    first: Signal
    word: Counter
    kx: Counter
    ky: Counter
    plane: Counter
    fold: Counter
    x: Counter
    y: Counter


class SpikeSource(wiring.Component):
    """Line buffer, fetch and queues of one engine.

    Timing (docs/explanation/engine.md): one beat in per cycle while fewer than ``rows`` rows are
    stored; one word out per cycle, worked on two cycles after its fetch at the earliest; each queue
    holds the words of one pass and two more, with the one that a body holds itself.

    Parameters
    ----------
    height, width: of the input map. beats: of one position. rows: that the line buffer holds.
    group, steps: channels of a beat, and planes of a word.
    kernel, stride: height and width of the window, and of its steps. top, left: padding.
    o_height, o_width, windows: of the output map; positions that are read side by side.
    words: of a kernel tap in one pass. fold_words: the first word that each fold reads.
    planes: passes per fold, see :mod:`spikeloom_hw.lib.runtime_steps`.
    queues: what the words are cut from.
    masks: bits of a beat to invert, for each fold; none if empty.

    Ports
    -----
    i: one beat, ``group`` channels of T bits, channel c at bits [c*T, (c+1)*T), first plane in the
        highest bit.
    o0, o1, ...: one stream per queue.
    steps: time steps that are run, less one (only where they can be chosen).
    """

    def __init__(
        self,
        *,
        height: int,
        width: int,
        beats: int,
        rows: int,
        group: int,
        steps: int,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        top: int,
        left: int,
        o_height: int,
        o_width: int,
        windows: int,
        words: int,
        fold_words: Sequence[int],
        planes: Sequence[int],
        queues: Queues,
        masks: Sequence[int] = (),
    ):
        sizes = (height, width, beats, rows, group, steps, *kernel, *stride, windows, words)
        if min(*sizes, *planes) < 1 or o_width % windows or not fold_words:
            raise ValueError(
                "spike source: expected sizes of 1 or more and windows that divide the output map,"
                f" got {sizes}, planes {list(planes)}, {windows} windows of {o_width} columns"
            )
        self.height, self.width, self.beats, self.rows = height, width, beats, rows
        self.group, self.steps_count = group, steps
        self.kernel, self.stride, self.top, self.left = kernel, stride, top, left
        self.o_height, self.o_width, self.windows = o_height, o_width, windows
        self.words, self.fold_words, self.planes = words, fold_words, planes
        self.queues, self.masks = queues, masks
        self.row_beats = width * beats
        self.capacity, self.image_beats = rows * self.row_beats, height * self.row_beats
        super().__init__(
            {
                "i": In(stream.Signature(group * steps)),
                **queues.ports("o", Out),
                **steps_port(len(planes)),
            }
        )

    @property
    def outputs(self) -> list[wiring.PureInterface]:
        return [getattr(self, f"o{q}") for q in range(self.queues.count)]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beat = self.group * self.steps_count
        m.submodules.ring = ring = Memory(shape=beat, depth=max(2, self.capacity), init=[])
        writing = Signal()
        # Below zero: rows freed that no window needs, still to come.
        stored = Signal(range(-self.image_beats, self.capacity + 1))
        write = ring.write_port()
        m.d.comb += [
            self.i.ready.eq(stored < self.capacity),
            writing.eq(self.i.valid & self.i.ready),
            write.en.eq(writing),
            write.data.eq(self.i.payload),
        ]
        with m.If(writing):
            m.d.sync += write.addr.eq(Mux(write.addr == self.capacity - 1, 0, write.addr + 1))

        nest = self.nest(m)
        available = self.available(m, nest, writing)
        freed = table(self.freed(), nest.y.value)
        m.d.sync += stored.eq(stored + writing - Mux(nest.x.wrap, freed, 0))

        slot, row, column = self.window(m, nest)
        row_inside = (row >= 0) & (row < self.height)
        fold_word = table(self.fold_words, nest.fold.value)
        fetched, fetched_plane, fetched_fold = (
            Signal(),
            Signal.like(nest.plane.value),
            Signal.like(nest.fold.value),
        )
        m.d.sync += [
            fetched.eq(nest.fetch),
            fetched_plane.eq(nest.plane.value),
            fetched_fold.eq(nest.fold.value),
        ]
        beats = []
        for window in range(self.windows):
            read = ring.read_port()
            here = column + window * self.stride[1]
            inside = Signal(name=f"inside{window}")
            m.d.comb += [
                read.en.eq(nest.fetch),
                read.addr.eq(
                    slot * self.row_beats + here * self.beats + (fold_word + nest.word.value)
                ),
            ]
            m.d.sync += inside.eq(row_inside & (here >= 0) & (here < self.width))
            found = Signal(beat, name=f"beat{window}")
            m.d.comb += found.eq(Mux(inside, read.data ^ self.flip(fetched_fold), 0))
            beats.append(found)
        words = self.queues.cut(m, beats, fetched_plane, self.steps_count)
        room = self.enqueue(m, words, nest.fetch, fetched)
        m.d.comb += nest.fetch.eq(room & (~nest.first | available))
        return m

    def nest(self, m: Module) -> Nest:
        """The loop nest, and whether the word that is fetched is the first of a step."""
        fetch, first, last_of_step = Signal(), Signal(init=1), Signal()
        lasts = {"plane": chosen(m, self, "last_plane", [planes - 1 for planes in self.planes])}
        counts = (
            self.words,
            self.kernel[1],
            self.kernel[0],
            self.planes[-1],
            len(self.fold_words),
            self.o_width // self.windows,
            self.o_height,
        )
        chain = {
            name: counter(m, name, count, lasts.get(name))
            for name, count in zip(LOOPS, counts, strict=True)
        }
        step = fetch
        for index in chain.values():
            m.d.comb += index.step.eq(step)
            step = index.wrap
        m.d.comb += last_of_step.eq(chain["fold"].wrap)
        with m.If(fetch):
            m.d.sync += first.eq(last_of_step)
        return Nest(fetch, first, **chain)

    def available(self, m: Module, nest: Nest, writing: Signal) -> Signal:
        """Whether all beats are written that the windows of a step need."""
        rows = last_tap(self.o_height, self.height, self.kernel[0], self.stride[0], self.top)
        columns = last_tap(self.o_width, self.width, self.kernel[1], self.stride[1], self.left)
        needed_rows = [int(r) * self.row_beats for r in rows]
        needed_columns = [
            (int(c) + 1) * self.beats for c in columns.reshape(-1, self.windows).max(axis=1)
        ]
        # Beats of the image in work; below zero as those that are stored.
        avail = Signal(range(-self.image_beats, self.capacity + self.image_beats + 1))
        available = Signal()
        m.d.comb += available.eq(
            avail >= table(needed_rows, nest.y.value) + table(needed_columns, nest.x.value)
        )
        m.d.sync += avail.eq(avail + writing - Mux(nest.y.wrap, self.image_beats, 0))
        return available

    def freed(self) -> list[int]:
        """Beats that are free once an output row is fetched, by its number."""
        rows = [
            min(max((row + 1) * self.stride[0] - self.top, 0), self.height)
            for row in range(self.o_height)
        ]
        rows[-1] = self.height
        return [
            (now - before) * self.row_beats for before, now in zip([0, *rows], rows, strict=False)
        ]

    def window(self, m: Module, nest: Nest) -> tuple[Signal, Signal, Signal]:
        """Where the window stands: a slot of the ring for its row, and row and column on the
        map.
        """
        (stride_y, stride_x), start = self.stride, -self.top % self.rows
        slot_image = Signal(range(self.rows), init=start)
        slot_top = Signal(range(self.rows), init=start)
        slot = Signal(range(self.rows), init=start)
        most_rows = self.height + self.kernel[0] + stride_y + self.top
        most_columns = self.width + self.kernel[1] + stride_x * self.windows + self.left
        row = Signal(signed(ceil_log2(most_rows) + 2))
        column = Signal(signed(ceil_log2(most_columns) + 2))
        m.d.comb += row.eq(nest.y.value * stride_y + nest.ky.value - self.top)
        m.d.comb += column.eq(nest.x.value * (stride_x * self.windows) + nest.kx.value - self.left)
        with m.If(nest.y.wrap):
            m.d.sync += [
                r.eq(self.ahead(slot_image, self.height)) for r in (slot_image, slot_top, slot)
            ]
        with m.Elif(nest.x.wrap):
            m.d.sync += [r.eq(self.ahead(slot_top, stride_y)) for r in (slot_top, slot)]
        with m.Elif(nest.ky.wrap):
            m.d.sync += slot.eq(slot_top)
        with m.Elif(nest.kx.wrap):
            m.d.sync += slot.eq(self.ahead(slot, 1))
        return slot, row, column

    def ahead(self, value: Signal, by: int) -> Value:
        """A slot of the ring so many rows further."""
        by %= self.rows
        if not by:
            return value
        return Mux(value >= self.rows - by, value - (self.rows - by), value + by)

    def flip(self, fold: Signal) -> Value:
        """Bits to invert in a beat."""
        return table(self.masks, fold) if any(self.masks) else Const(0, 1)

    def enqueue(self, m: Module, words: Sequence[Value], fetch: Signal, fetched: Signal) -> Value:
        """The queues; whether every one has room for the word that is fetched."""
        room, early = [], self.queues.early
        depth = self.kernel[0] * self.kernel[1] * self.words + 2 - early
        for q, (port, flags) in enumerate(zip(self.outputs, words, strict=True)):
            m.submodules[f"queue{q}"] = queue = SyncFIFO(width=self.queues.width, depth=depth)
            reserved = Signal(range(depth + 1), name=f"reserved{q}")
            popping = Signal(name=f"popping{q}")
            m.d.comb += [
                queue.w_data.eq(flags),
                port.valid.eq(queue.r_rdy),
                port.payload.eq(queue.r_data),
                queue.r_en.eq(port.ready & queue.r_rdy),
            ]
            if early:
                m.d.comb += [
                    port.arrives.eq(fetched),
                    port.fresh.eq(flags),
                    queue.w_en.eq(fetched & (queue.r_rdy | ~port.ready)),
                    popping.eq(port.ready & (queue.r_rdy | fetched)),
                ]
            else:
                m.d.comb += [queue.w_en.eq(fetched), popping.eq(port.ready & queue.r_rdy)]
            m.d.sync += reserved.eq(reserved + fetch - popping)
            room.append(reserved < depth)
        return Cat(*room).all()
