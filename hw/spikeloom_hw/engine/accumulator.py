"""The accumulator array: words in, one sum per element and window out. No multiplier but in the
parallel body.

words ─► scan or pick ─► weight memory ─► gate ─► adder tree ─► accumulate ─► o
              └───────────── barrier (advance, commit) ────────────┘
"""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.hdl import ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out
from spikeloom.ir.graph import Pool
from spikeloom.mapping.plan.plan import Stage

from ..bodies.scan import Scan, step
from ..lib.adder_tree import summed, tree
from ..lib.loop_counter import counter
from ..lib.popcount import ones
from ..lib.runtime_steps import chosen, steps_port
from ..memory.loading import LOAD_PORTS, Chain, Loader
from ..memory.weights import Weights, bank_rows, memory_style
from .spike_source import queue_signature, queue_widths


class Accumulator(wiring.Component):
    """Bodies event, dense, parallel, depthwise and max of one stage, with the queue of results.

    Timing (docs/explanation/engine.md): a pass lasts as long as its busiest queue; the next one
    starts in the cycle after. A result is written into the result queue ``body_cycles`` after the
    advance that commits it, and visible one cycle later. An advance that commits takes one of
    ``result_depth`` credits; a result taken at ``o`` gives one back.

    Ports
    -----
    i0, i1, ...: words of each queue, see Source.
    o: results, window by window, element by element, ``acc_width`` bits each.
    busy, stalled: what this cycle counts as; neither is starved.
    issued: spikes that went to the weights one cycle before.
    load_i, load_o: chain of the weight memories (only where weights can be loaded).
    steps: time steps that are run, less one (only where they can be chosen). Planes that are left
        away count in the head.
    """

    def __init__(self, stage: Stage):
        self.stage = stage
        self.widths = queue_widths(stage)
        f = stage.folding
        lanes = {"event": len(self.widths) * f.ports, "parallel": self.widths[0], "max": 0}.get(
            f.body, self.widths[0]
        )
        super().__init__(
            {
                **{
                    f"i{q}": In(queue_signature(stage, width))
                    for q, width in enumerate(self.widths)
                },
                "o": Out(stream.Signature(f.windows * f.elements * stage.acc_width)),
                "busy": Out(1),
                "stalled": Out(1),
                "issued": Out(range(max(1, lanes) + 1)),
                **({} if stage.room is None else LOAD_PORTS),
                **steps_port(stage),
            }
        )
        self.chain: Chain | None = None

    @property
    def queues(self) -> list[wiring.PureInterface]:
        return [getattr(self, f"i{q}") for q in range(len(self.widths))]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, f = self.stage, self.stage.folding
        self.chain = None if s.room is None else Chain(m, self)
        self.memories: dict[tuple[int, int], tuple[Weights, Loader | None]] = {}
        self.last_plane = chosen(m, self, s, "last_plane", lambda stage: stage.planes - 1)
        self.plane, self.fold = (
            counter(m, "plane", s.planes, self.last_plane),
            counter(m, "fold", s.folds),
        )
        advance, commit, credit = (
            Signal(),
            Signal(),
            Signal(range(s.result_depth + 1), init=s.result_depth),
        )

        write, taken = self.results(m)
        m.d.sync += credit.eq(credit + taken - (advance & commit))
        m.d.comb += commit.eq(Const(1) if s.per_step else self.at_last_plane())
        m.d.comb += [self.plane.step.eq(advance), self.fold.step.eq(self.plane.wrap)]

        if f.body == "event":
            working, done, waiting, per_window = self.event_lanes(m, advance)
        else:
            working, done, waiting, per_window = self.word_lanes(m, advance)
        m.d.comb += [
            advance.eq(done & (~commit | (credit != 0))),
            self.stalled.eq(waiting),
            self.busy.eq(working & ~waiting),
        ]

        def later(value: Signal, cycles: int) -> Signal:
            for _ in range(cycles):
                delayed = Signal.like(value)
                m.d.sync += delayed.eq(value)
                value = delayed
            return value

        late_advance, late_commit = later(advance, s.body_cycles), later(commit, s.body_cycles)
        negate = Signal()
        if s.i_code.signed and f.body not in ("parallel", "max"):
            m.d.comb += negate.eq(self.plane.value == 0)
        negate = later(negate, s.body_cycles)
        # What a sum is added to: at the start of a fold nothing, at that of a plane what there is
        # times the base.
        fresh, shifted = Signal(init=1), Signal()
        m.d.sync += [fresh.eq(late_advance & late_commit), shifted.eq(late_advance & ~late_commit)]
        totals = []
        for window, sums in enumerate(per_window):
            for element, value in enumerate(sums):
                totals.append(
                    self.accumulate(m, value, fresh, shifted, negate, f"{window}_{element}")
                )
        m.d.comb += [write.valid.eq(late_advance & late_commit), write.payload.eq(Cat(*totals))]
        if self.chain is not None:
            self.chain.close()
        return m

    def at_last_plane(self) -> ValueLike:
        return self.plane.value == (
            self.stage.planes - 1 if self.last_plane is None else self.last_plane
        )

    def base(self, m: Module, rows: int) -> tuple[Signal, Value]:
        """Where the rows of a fold begin, of ``rows`` each, and where those of the next."""
        last = (self.stage.folds - 1) * rows
        base = Signal(range(max(2, last + 1)))
        following = Mux(base == last, 0, base + rows) if last else Const(0)
        with m.If(self.fold.step):
            m.d.sync += base.eq(following)
        return base, following

    def results(self, m: Module) -> tuple[stream.Interface, Signal]:
        """The queue of results, and whether one is taken from it. A single one is a register."""
        write, depth = (
            stream.Signature(len(self.o.payload)).create(path=("write",)),
            self.stage.result_depth,
        )
        taken = Signal()
        m.d.comb += taken.eq(self.o.valid & self.o.ready)
        if depth == 1:
            with m.If(write.valid):
                m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(write.payload)]
            with m.Elif(taken):
                m.d.sync += self.o.valid.eq(0)
            return write, taken
        m.submodules.results = queue = SyncFIFO(width=len(self.o.payload), depth=depth)
        m.d.comb += [
            queue.w_en.eq(write.valid),
            queue.w_data.eq(write.payload),
            self.o.valid.eq(queue.r_rdy),
            self.o.payload.eq(queue.r_data),
            queue.r_en.eq(taken),
        ]
        return write, taken

    def accumulate(
        self, m: Module, value: Signal, fresh: Signal, shifted: Signal, negate: Signal, name: str
    ) -> Signal:
        """One accumulator; returns its total of this cycle, which is the result when a commit
        arrives.
        """
        s = self.stage
        if s.folding.body == "max":
            best, total = (
                Signal(s.acc_width, name=f"best{name}"),
                Signal(s.acc_width, name=f"total{name}"),
            )
            before = Mux(fresh, 0, best)
            m.d.comb += total.eq(
                before | value if s.i_code.base == 1 else Mux(value > before, value, before)
            )
            m.d.sync += best.eq(total)
            return total
        acc, total = (
            Signal(signed(s.acc_width), name=f"acc{name}"),
            Signal(signed(s.acc_width), name=f"total{name}"),
        )
        before = (
            acc
            if s.planes == 1 or s.per_step
            else Mux(shifted, acc * s.i_code.base, acc)[: s.acc_width].as_signed()
        )
        start = Mux(fresh, 0, before)
        # The sum comes first: a carry chain takes its first operand as it is, and the choice fits
        # into the LUT of the second.
        m.d.comb += total.eq(
            Mux(negate, start - value, value + start)
            if s.i_code.signed and s.folding.body != "parallel"
            else value + start
        )
        m.d.sync += acc.eq(total)
        return total

    def memory(self, m: Module, bank: int, window: int) -> tuple[Weights, Loader | None]:
        """The weights of a bank, for all windows; where they can be loaded, for one, since block
        RAM has no third port to write through.
        """
        key = (bank, 0 if self.chain is None else window)
        if key not in self.memories:
            rows = bank_rows(self.stage, bank)
            rows += ([0] if self.chain is not None else rows) * (2 - len(rows))
            width = self.stage.stored_width * self.stage.folding.elements
            if self.stage.folding.body in ("dense", "parallel"):
                width *= self.stage.folding.group
            name = f"weights{bank}" + (f"_{window}" if window and self.chain is not None else "")
            m.submodules[name] = memory = Weights(
                rows, width, memory_style(self.stage), self.chain is not None
            )
            self.memories[key] = (
                memory,
                None if self.chain is None else self.chain.loader(name, rows, width),
            )
        return self.memories[key]

    def read(
        self,
        m: Module,
        memory: Weights,
        loader: Loader | None,
        row: ValueLike,
        enable: ValueLike,
        name: str,
    ) -> Value:
        """A row of weights, one cycle later. A loader writes through the same address, so that one
        port of a block RAM does for both.
        """
        if loader is None:
            return memory.read(m, row, enable)
        address = Signal(range(max(2, loader.depth)), name=f"{name}_address")
        m.d.comb += address.eq(Mux(loader.write, loader.row, row))
        memory.write(m, address, loader.value, loader.write)
        return memory.read(m, address, enable)

    def event_lanes(
        self, m: Module, advance: Signal
    ) -> tuple[Signal, Signal, Signal, list[list[Signal]]]:
        s, f = self.stage, self.stage.folding
        part = f.group // f.banks
        base, following = self.base(m, s.pass_words * step(part))
        # Of the pass after this one, from registers alone: the advance that starts it is late in
        # the cycle.
        next_base = Signal.like(base)
        m.d.comb += next_base.eq(Mux(self.at_last_plane(), following, base))
        scans, issued, per_window = [], [], []
        for bank in range(f.banks):
            self.memory(m, bank, 0)
        for window in range(f.windows):
            rows = []
            for bank in range(f.banks):
                q = window * f.banks + bank
                scan = Scan(
                    width=part,
                    ports=f.ports,
                    pass_words=s.pass_words,
                    passes=s.folds,
                    idle=s.zero_row,
                )
                m.submodules[f"scan{q}"] = scan
                wiring.connect(m, wiring.flipped(self.queues[q]), scan.i)
                m.d.comb += [scan.advance.eq(advance), scan.next_base.eq(next_base)]
                scans.append(scan)
                memory, loader = self.memory(m, bank, window)
                for port in range(f.ports):
                    spike, gate = scan.spikes[port], Signal(name=f"gate{q}_{port}")
                    address = Signal.like(spike.row, name=f"row{q}_{port}", init=s.zero_row or 0)
                    fired = Signal(name=f"fired{q}_{port}")
                    m.d.sync += [address.eq(spike.row), fired.eq(spike.valid), gate.eq(fired)]
                    enable = fired if s.zero_row is None else Const(1)
                    row = self.read(
                        m,
                        memory,
                        loader if port == 0 else None,
                        address,
                        enable,
                        f"weights{q}_{port}",
                    )
                    rows.append(self.terms(row, gate if s.zero_row is None else None))
                    issued.append(fired)
            per_window.append(
                [
                    self.sum(m, [row[e] for row in rows], f"sum{window}_{e}")
                    for e in range(f.elements)
                ]
            )
        m.d.comb += self.issued.eq(ones(issued))
        working, done, waiting = Signal(), Signal(), Signal()
        m.d.comb += [
            working.eq(Cat(*(scan.working for scan in scans)).any()),
            done.eq(Cat(*(scan.done for scan in scans)).all()),
            waiting.eq(Cat(*(scan.waiting for scan in scans)).all()),
        ]
        return working, done, waiting, per_window

    def terms(self, row: Value, gate: Value | None) -> list[Value]:
        """The weights of a row, or zeros where the gate is low. A single bit says +1 or -1."""
        width = self.stage.stored_width
        weights = [row[k : k + width] for k in range(0, len(row), width)]
        if self.stage.binary:
            return [Cat(gate, gate & ~bit).as_signed() for bit in weights]
        return [
            weight.as_signed() if gate is None else Mux(gate, weight.as_signed(), 0)
            for weight in weights
        ]

    def sum(self, m: Module, terms: list[Value], name: str) -> Signal:
        s = self.stage
        if s.folding.body == "parallel":
            return summed(m, terms, width=s.acc_width, cycles=s.tree_cycles, name=name)
        return tree(
            m, terms, width=s.acc_width, first=s.first_terms, cycles=s.tree_cycles, name=name
        )

    def word_lanes(
        self, m: Module, advance: Signal
    ) -> tuple[Signal, Signal, Signal, list[list[Signal]]]:
        """One word of every window per cycle, whatever it holds."""
        s, f, i = self.stage, self.stage.folding, self.i0
        waiting, working, done = Signal(), Signal(), Signal()
        count = counter(m, "count", s.pass_words)
        m.d.comb += [
            working.eq(i.valid & ~waiting),
            i.ready.eq(~waiting),
            count.step.eq(working),
            done.eq(waiting | count.wrap),
        ]
        with m.If(advance):
            m.d.sync += waiting.eq(0)
        with m.Elif(count.wrap):
            m.d.sync += waiting.eq(1)
        word, held = Signal.like(i.payload), Signal.like(i.payload)
        m.d.sync += held.eq(Mux(working, i.payload, 0))
        if f.body == "max":
            m.d.comb += word.eq(held)
        else:
            m.d.sync += word.eq(held)
        part = len(word) // f.windows
        words = [word[w * part : (w + 1) * part] for w in range(f.windows)]
        if f.body == "max":
            steps = s.i_code.steps
            per_window = [
                [
                    self.hold(m, w[c * steps : (c + 1) * steps], f"word{n}_{c}")
                    for c in range(f.group)
                ]
                for n, w in enumerate(words)
            ]
            return working, done, waiting, per_window

        assert not isinstance(s.layer, Pool)
        memory, loader = self.memory(m, 0, 0)
        address, worked = Signal(range(max(2, s.folds * s.pass_words))), Signal()
        m.d.sync += [address.eq(self.base(m, s.pass_words)[0] + count.value), worked.eq(working)]
        row = self.read(m, memory, loader, address, worked, "weights0")
        m.d.comb += self.issued.eq(ones(list(held)))
        per_window = []
        for n, w in enumerate(words):
            if f.body == "depthwise":
                weights = self.terms(row, None)
                per_window.append(
                    [
                        self.sum(m, [Mux(w[e], weights[e], 0)], f"sum{n}_{e}")
                        for e in range(f.elements)
                    ]
                )
                continue
            part = len(row) // f.group
            lanes = [self.lane(row[c * part : (c + 1) * part], w, c) for c in range(f.group)]
            per_window.append(
                [self.sum(m, [lane[e] for lane in lanes], f"sum{n}_{e}") for e in range(f.elements)]
            )
        return working, done, waiting, per_window

    def lane(self, row: Value, word: Signal, channel: int) -> list[Value]:
        """What one channel of a word makes of its weights: gates them (dense), or multiplies them
        by the whole word (parallel).
        """
        s = self.stage
        if s.folding.body == "dense":
            return self.terms(row, word[channel])
        steps = s.i_code.steps
        value = word[channel * steps : (channel + 1) * steps]
        value = value.as_signed() if s.i_code.signed else value
        return [weight * value for weight in self.terms(row, None)]

    def hold(self, m: Module, value: Signal, name: str) -> Signal:
        """One register, so that words of a max pooling arrive as late as sums do."""
        held = Signal(self.stage.i_code.steps, name=name)
        m.d.sync += held.eq(value)
        return held
