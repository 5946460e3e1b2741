"""The spike source: a line buffer that is read window by window, and a queue of words per bank.

i ──► write ──► ring of rows ──► fetch ──► mask ──► queue 0 ──► o[0]
                    ▲              │                queue 1 ──► o[1]
                    └── release ───┘                ...
"""

from __future__ import annotations

from amaranth import Array, Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2
from spikeloom.ir.graph import Pool
from spikeloom.mapping.plan.fifo_depth import last_tap
from spikeloom.mapping.plan.plan import Stage

from ..lib.loop_counter import counter
from ..lib.runtime_steps import chosen, steps_port


def queue_widths(stage: Stage) -> list[int]:
    """Bits of a word in each queue: flags of one bank, or of all windows at once, or whole
    words.
    """
    f, steps = stage.folding, stage.i_code.steps
    if f.body == "event":
        return [f.group // f.banks] * (f.windows * f.banks)
    if f.body in ("parallel", "max"):
        return [f.windows * f.group * steps]
    return [f.windows * f.group]


def queue_signature(stage: Stage, width: int) -> wiring.Signature:
    """Words of one queue. In an event body they can be taken as they arrive, past an empty
    queue.
    """
    if stage.folding.body != "event":
        return stream.Signature(width)
    return early_signature(width)


def early_signature(width: int) -> wiring.Signature:
    """A queue (``valid``, ``payload``), and what is written into it in this cycle (``arrives``,
    ``fresh``). ``ready``: the word of the queue is taken or, where there is none, the one that
    arrives.
    """
    return wiring.Signature(
        {
            "valid": Out(1),
            "payload": Out(width),
            "arrives": Out(1),
            "fresh": Out(width),
            "ready": In(1),
        }
    )


class Source(wiring.Component):
    """Line buffer, fetch and queues of one stage.

    Timing (docs/explanation/engine.md): one beat in per cycle while fewer than ``rows`` rows are
    stored; one word out per cycle, worked on two cycles after its fetch at the earliest; each queue
    holds ``pass_words + 2`` words, of an event body with the one that the scan has.

    Parameters
    ----------
    stage: the stage that it feeds.

    Ports
    -----
    i: one beat, ``group`` channels of T bits, channel c at bits [c*T, (c+1)*T), first plane in the
        highest bit.
    o0, o1, ...: one stream per queue. Event body: queue ``window * banks + bank``, flags of one
        plane in the order of ``Stage.dealt``. Dense and depthwise: flags of all windows. Parallel
        and max: whole words of all windows.
    steps: time steps that are run, less one (only where they can be chosen).
    """

    def __init__(self, stage: Stage):
        self.stage = stage
        self.widths = queue_widths(stage)
        super().__init__(
            {
                "i": In(stream.Signature(stage.folding.group * stage.i_code.steps)),
                **{
                    f"o{q}": Out(queue_signature(stage, width))
                    for q, width in enumerate(self.widths)
                },
                **steps_port(stage),
            }
        )

    @property
    def queues(self) -> list[wiring.PureInterface]:
        return [getattr(self, f"o{q}") for q in range(len(self.widths))]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, f = self.stage, self.stage.folding
        row_beats = s.i_shape[2] * s.beats
        capacity, image_beats = s.rows * row_beats, s.i_shape[1] * row_beats

        m.submodules.ring = ring = Memory(
            shape=f.group * s.i_code.steps, depth=max(2, capacity), init=[]
        )
        writing = Signal()
        stored = Signal(
            range(-image_beats, capacity + 1)
        )  # below zero: rows freed that no window needs, still to come
        write = ring.write_port()
        m.d.comb += [
            self.i.ready.eq(stored < capacity),
            writing.eq(self.i.valid & self.i.ready),
            write.en.eq(writing),
            write.data.eq(self.i.payload),
        ]
        with m.If(writing):
            m.d.sync += write.addr.eq(Mux(write.addr == capacity - 1, 0, write.addr + 1))

        # The order of work: word, kx, ky, plane, fold, x, y from the innermost to the outermost.
        fetch, first, last_of_step = Signal(), Signal(init=1), Signal()
        lasts = {"plane": chosen(m, self, s, "last_plane", lambda stage: stage.planes - 1)}
        word, kx, ky, plane, fold, x, y = chain = [
            counter(m, name, count, lasts.get(name))
            for name, count in zip(
                ("word", "kx", "ky", "plane", "fold", "x", "y"),
                (
                    s.words,
                    s.layer.kernel[1],
                    s.layer.kernel[0],
                    s.planes,
                    s.folds,
                    s.o_shape[2] // f.windows,
                    s.o_shape[1],
                ),
                strict=True,
            )
        ]
        step: Signal | Const = fetch
        ends = []
        for index in chain:
            m.d.comb += index.step.eq(step)
            step = index.wrap
            ends.append(step)
        m.d.comb += last_of_step.eq(fold.wrap)
        with m.If(fetch):
            m.d.sync += first.eq(last_of_step)

        stride_y, stride_x = s.layer.stride
        top, left = s.layer.padding[0], s.layer.padding[1]
        needed_rows = [
            int(r) * row_beats
            for r in last_tap(s.o_shape[1], s.i_shape[1], s.layer.kernel[0], stride_y, top)
        ]
        all_columns = last_tap(s.o_shape[2], s.i_shape[2], s.layer.kernel[1], stride_x, left)
        needed_columns = [
            (int(c) + 1) * s.beats for c in all_columns.reshape(-1, f.windows).max(axis=1)
        ]
        avail = Signal(
            range(-image_beats, capacity + image_beats + 1)
        )  # beats of the image in work, likewise
        available = Signal()
        m.d.comb += available.eq(
            avail >= table(needed_rows, y.value) + table(needed_columns, x.value)
        )
        m.d.sync += avail.eq(avail + writing - Mux(y.wrap, image_beats, 0))

        freed = [
            min(max((row + 1) * stride_y - top, 0), s.i_shape[1]) for row in range(s.o_shape[1])
        ]
        freed[-1] = s.i_shape[1]
        freed = [
            (now - before) * row_beats for before, now in zip([0, *freed], freed, strict=False)
        ]
        m.d.sync += stored.eq(stored + writing - Mux(x.wrap, table(freed, y.value), 0))

        # Where the window stands: its top row as a slot of the ring, its rows and columns on the
        # map.
        slot_image = Signal(range(s.rows), init=-top % s.rows)
        slot_top = Signal(range(s.rows), init=-top % s.rows)
        slot = Signal(range(s.rows), init=-top % s.rows)
        row = Signal(signed(ceil_log2(s.i_shape[1] + s.layer.kernel[0] + stride_y + top) + 2))
        column = Signal(
            signed(ceil_log2(s.i_shape[2] + s.layer.kernel[1] + stride_x * f.windows + left) + 2)
        )
        m.d.comb += row.eq(y.value * stride_y + ky.value - top)
        m.d.comb += column.eq(x.value * (stride_x * f.windows) + kx.value - left)

        def ahead(value: Signal, by: int) -> Mux:
            by %= s.rows
            return Mux(value >= s.rows - by, value - (s.rows - by), value + by) if by else value

        with m.If(y.wrap):
            m.d.sync += [
                r.eq(ahead(slot_image, s.i_shape[1])) for r in (slot_image, slot_top, slot)
            ]
        with m.Elif(x.wrap):
            m.d.sync += [r.eq(ahead(slot_top, stride_y)) for r in (slot_top, slot)]
        with m.Elif(ky.wrap):
            m.d.sync += slot.eq(slot_top)
        with m.Elif(kx.wrap):
            m.d.sync += slot.eq(ahead(slot, 1))

        row_inside = (row >= 0) & (row < s.i_shape[1])
        fold_word = table([s.fold_word(i) for i in range(s.folds)], fold.value)
        fetched, fetched_plane, fetched_fold = (
            Signal(),
            Signal.like(plane.value),
            Signal.like(fold.value),
        )
        m.d.sync += [fetched.eq(fetch), fetched_plane.eq(plane.value), fetched_fold.eq(fold.value)]
        beats = []
        for window in range(f.windows):
            read = ring.read_port()
            here = column + window * stride_x
            inside = Signal(name=f"inside{window}")
            m.d.comb += [
                read.en.eq(fetch),
                read.addr.eq(slot * row_beats + here * s.beats + (fold_word + word.value)),
            ]
            m.d.sync += inside.eq(row_inside & (here >= 0) & (here < s.i_shape[2]))
            beat = Signal(f.group * s.i_code.steps, name=f"beat{window}")
            m.d.comb += beat.eq(Mux(inside, read.data ^ self.flip(fetched_fold), 0))
            beats.append(beat)

        room = []
        for q, (port, flags) in enumerate(
            zip(self.queues, self.split(m, beats, fetched_plane), strict=True)
        ):
            early = f.body == "event"  # the scan holds a word of its own
            depth = s.pass_words + 2 - early
            m.submodules[f"queue{q}"] = queue = SyncFIFO(width=self.widths[q], depth=depth)
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
        m.d.comb += fetch.eq(Cat(*room).all() & (~first | available))
        return m

    def flip(self, fold: Signal) -> Array | Const:
        """Bits to invert in a beat of a max pooling: all of a channel that takes the minimum, the
        sign of signed words.
        """
        s = self.stage
        if not isinstance(s.layer, Pool):
            return Const(0, 1)
        masks = flip_masks(s)
        return table(masks, fold) if any(masks) else Const(0, 1)

    def split(self, m: Module, beats: list[Signal], plane: Signal) -> list[Signal]:
        """The word of each queue, given the beat of each window and the plane that is being
        scanned.
        """
        f, steps = self.stage.folding, self.stage.i_code.steps
        if f.body in ("parallel", "max"):
            return [Cat(*beats)]
        flags = []
        for window, beat in enumerate(beats):
            selected = Signal(f.group, name=f"flags{window}")
            planes = [
                Cat(beat[c * steps + steps - 1 - t] for c in self.stage.dealt) for t in range(steps)
            ]
            m.d.comb += selected.eq(Array(planes)[plane] if steps > 1 else planes[0])
            flags.append(selected)
        if f.body != "event":
            return [Cat(*flags)]
        part = f.group // f.banks
        return [beat[bank * part : (bank + 1) * part] for beat in flags for bank in range(f.banks)]


def flip_masks(stage: Stage) -> list[int]:
    """Per fold of a max pooling, the bits of a beat that are inverted before and after the
    maximum.
    """
    assert isinstance(stage.layer, Pool)
    steps, group = stage.i_code.steps, stage.folding.group
    sign = 1 << (steps - 1) if stage.i_code.signed else 0
    words = [(((1 << steps) - 1) if flag else 0) ^ sign for flag in stage.layer.flip]
    return [
        sum(word << (c * steps) for c, word in enumerate(words[fold * group : (fold + 1) * group]))
        for fold in range(stage.folds)
    ]


def table(values: list[int], index: Signal) -> Array | Const:
    """A constant looked up by ``index``; just the constant where all are equal."""
    if len(set(values)) == 1:
        return Const(values[0])
    return Array([Const(v, max(1, max(values).bit_length())) for v in values])[index]
