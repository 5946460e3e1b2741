"""The accumulator array: words in, one result per element and window out.

words ─► body (scan or pick ─► weights ─► adder tree) ─► accumulate ─► o
              └───────────── barrier (advance, commit) ────────────┘
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from ..bodies.lanes import Lanes, Passes
from ..lib.loop_counter import counter
from ..lib.runtime_steps import chosen, steps_port
from ..memory.loading import LOAD_PORTS, Chain
from .accumulate import Accumulator


class AccumulatorArray(wiring.Component):
    """A body, its accumulators, and the queue of results of one engine.

    Timing (docs/explanation/engine.md): a pass lasts as long as its busiest queue; the next one
    starts in the cycle after. A result is written into the result queue ``body_cycles`` after the
    advance that commits it, and visible one cycle later. An advance that commits takes one of
    ``result_depth`` credits; a result taken at ``o`` gives one back.

    Parameters
    ----------
    body: from words to values. accumulator: what becomes of them.
    planes: passes per fold, see :mod:`spikeloom_hw.lib.runtime_steps`. folds: folds of a position.
    per_step: every plane commits a result; else the last one of a fold.
    body_cycles: latency of the body. result_depth: results that may wait.
    negates: the first plane counts negative.

    Ports
    -----
    i0, i1, ...: words of each queue, see :class:`~spikeloom_hw.bodies.queues.Queues`.
    o: results, window by window, element by element, as wide as an accumulator each.
    busy, stalled: what this cycle counts as; neither is starved.
    issued: spikes that went to the weights one cycle before.
    load_i, load_o: chain of the weight memories (only where weights can be loaded).
    steps: time steps that are run, less one (only where they can be chosen). Planes that are left
        away count in the neuron units.
    """

    def __init__(
        self,
        *,
        body: Lanes,
        accumulator: Accumulator,
        planes: Sequence[int],
        folds: int,
        per_step: bool = False,
        body_cycles: int,
        result_depth: int,
        negates: bool = False,
    ):
        if min(folds, body_cycles, result_depth, *planes) < 1:
            raise ValueError(
                "accumulators: expected 1 or more of everything, got planes"
                f" {list(planes)}, {folds} folds, {body_cycles} cycles, depth {result_depth}"
            )
        self.body, self.accumulator, self.planes, self.folds = body, accumulator, planes, folds
        self.per_step, self.body_cycles = per_step, body_cycles
        self.result_depth, self.negates = result_depth, negates
        self.loads = body.weights is not None and body.weights.loads
        self.chain: Chain | None = None
        results = body.windows * body.elements * accumulator.width
        super().__init__(
            {
                **body.queues.ports("i", In),
                "o": Out(stream.Signature(results)),
                "busy": Out(1),
                "stalled": Out(1),
                "issued": Out(range(max(1, body.issued) + 1)),
                **(LOAD_PORTS if self.loads else {}),
                **steps_port(len(planes)),
            }
        )

    @property
    def inputs(self) -> list[wiring.PureInterface]:
        return [getattr(self, f"i{q}") for q in range(self.body.queues.count)]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.chain = Chain(m, self) if self.loads else None
        if self.body.weights is not None:
            self.body.weights.begin(m, self.chain)
        last = chosen(m, self, "last_plane", [planes - 1 for planes in self.planes])
        plane, fold = (
            counter(m, "plane", self.planes[-1], last),
            counter(m, "fold", self.folds),
        )
        advance, commit, credit = (
            Signal(),
            Signal(),
            Signal(range(self.result_depth + 1), init=self.result_depth),
        )
        ends = self.planes[-1] - 1 if last is None else last
        passes = Passes(plane, fold, self.folds, ends, advance, self.issued, self.inputs)

        write, taken = self.results(m)
        m.d.sync += credit.eq(credit + taken - (advance & commit))
        m.d.comb += commit.eq(Const(1) if self.per_step else passes.at_last_plane)
        m.d.comb += [plane.step.eq(advance), fold.step.eq(plane.wrap)]

        found = self.body.build(m, passes)
        m.d.comb += [
            advance.eq(found.done & (~commit | (credit != 0))),
            self.stalled.eq(found.waiting),
            self.busy.eq(found.working & ~found.waiting),
        ]
        late_advance, late_commit = self.later(m, advance), self.later(m, commit)
        negate = Signal()
        if self.negates:
            m.d.comb += negate.eq(plane.value == 0)
        negate = self.later(m, negate)
        # What a sum is added to: at the start of a fold nothing, at that of a plane what there is
        # times the base.
        fresh, shifted = Signal(init=1), Signal()
        m.d.sync += [fresh.eq(late_advance & late_commit), shifted.eq(late_advance & ~late_commit)]
        totals = []
        for window, values in enumerate(found.values):
            for element, value in enumerate(values):
                name = f"{window}_{element}"
                total = self.accumulator.total(m, value, fresh, shifted, negate, name)
                totals.append(total)
        m.d.comb += [write.valid.eq(late_advance & late_commit), write.payload.eq(Cat(*totals))]
        if self.chain is not None:
            self.chain.close()
        return m

    def later(self, m: Module, value: Signal) -> Signal:
        """A signal as late as the values of the body."""
        for _ in range(self.body_cycles):
            delayed = Signal.like(value)
            m.d.sync += delayed.eq(value)
            value = delayed
        return value

    def results(self, m: Module) -> tuple[stream.Interface, Signal]:
        """The queue of results, and whether one is taken from it. A single one is a register."""
        write, depth = (
            stream.Signature(len(self.o.payload)).create(path=("write",)),
            self.result_depth,
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
