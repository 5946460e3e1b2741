"""The neuron units: one result per element and window in, one word per element and window out.

A result is held as it came. ``neurons`` units per window choose from it, group by group, and make
the drive ``u = (±v << f) + kappa x + beta`` of what they chose; only the residual is added before.
"""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from spikeloom.ir.graph import Layer, Pool
from spikeloom.ir.neurons import LIF, Raw, SpikePack, Table
from spikeloom.mapping.plan.plan import Stage, signed_width

from ..lib.loop_counter import counter
from ..lib.mux import choose
from ..lib.runtime_steps import (
    by_steps,
    chosen,
    missing,
    search_tree,
    selected,
    steps_port,
    tables,
    whole,
)
from ..memory.loading import LOAD_PORTS, Chain
from .spike_source import flip_masks, table


def output_width(stage: Stage) -> int:
    """Bits of one output word: T planes, or the integer output."""
    return stage.u_width if stage.o_code is None else stage.o_code.steps


class Head(wiring.Component):
    """Neuron units of one stage: SpikePack, threshold table, IF, LIF, or none.

    Timing (docs/explanation/engine.md): a result is taken when the one before is done, in the same
    cycle at best; the output is handed on ``neuron_cycles`` later at the earliest.

    Ports
    -----
    i: results of the accumulators. skip: results of the residual's own accumulators (only with a
        residual).
    o: words, window by window, element by element.
    load_i, load_o: chain of the parameter memories (only where weights can be loaded).
    steps: time steps that are run, less one (only where they can be chosen).
    """

    def __init__(self, stage: Stage):
        self.stage = stage
        f = stage.folding
        count = f.windows * f.elements
        ports = {
            "i": In(stream.Signature(count * stage.acc_width)),
            "o": Out(stream.Signature(count * output_width(stage))),
        }
        if stage.skip_stage is not None:
            ports["skip"] = In(stream.Signature(count * stage.skip_stage.acc_width))
        if stage.room is not None:
            ports |= LOAD_PORTS
        ports |= steps_port(stage)
        super().__init__(ports)
        self.chain: Chain | None = None

    @property
    def unit_count(self) -> int:
        """Units per window; the integer output needs all elements at once."""
        return (
            self.stage.folding.elements
            if isinstance(self.neuron, Raw)
            else self.stage.folding.neurons
        )

    @property
    def neuron(self) -> SpikePack | Table | LIF | Raw:
        return (
            Raw(self.stage.o_code)
            if isinstance(self.stage.layer, Pool)
            else self.stage.layer.neuron
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, f, neuron = self.stage, self.stage.folding, self.neuron
        self.chain = None if s.room is None else Chain(m, self)
        groups = f.elements // self.unit_count
        steps = neuron.code.steps if neuron.code is not None and not isinstance(neuron, Raw) else 1
        fires = not isinstance(neuron, Raw)
        self.silent = (
            chosen(m, self, s, "silent", lambda stage: stage.o_code.silent) if fires else None
        )
        self.tree = (
            chosen(m, self, s, "tree", lambda stage: 1 << stage.o_code.live)
            if isinstance(neuron, Table)
            else None
        )
        last_step = (
            chosen(m, self, s, "last_step", lambda stage: stage.o_code.live - 1) if fires else None
        )
        ends = steps - 1 if last_step is None else last_step

        busy, finish, take, emits = Signal(), Signal(), Signal(), Signal()
        # Each cycle of work is one (group, step). LIF goes through the groups within a step, the
        # others through the steps within a group.
        by_step = isinstance(neuron, LIF)
        step, group = counter(m, "step", steps, last_step), counter(m, "group", groups)
        inner, outer = (group, step) if by_step else (step, group)
        work, last = Signal(), Signal()
        if s.per_step:
            m.d.comb += [last.eq(group.value == groups - 1), emits.eq(step.value == ends)]
        else:
            m.d.comb += [last.eq((group.value == groups - 1) & (step.value == ends)), emits.eq(1)]
        m.d.comb += [
            finish.eq(busy & last & (self.o.ready | ~emits)),
            work.eq(busy & (~last | finish)),
            inner.step.eq(work),
            outer.step.eq(inner.wrap),
            self.o.valid.eq(busy & last & emits),
        ]
        free = ~busy | finish
        if s.skip_stage is not None:
            m.d.comb += [
                take.eq(self.i.valid & self.skip.valid & free),
                self.i.ready.eq(self.skip.valid & free),
                self.skip.ready.eq(self.i.valid & free),
            ]
        else:
            m.d.comb += [take.eq(self.i.valid & free), self.i.ready.eq(free)]
        with m.If(take):
            m.d.sync += busy.eq(1)
        with m.Elif(finish):
            m.d.sync += busy.eq(0)

        # The fold in work, and the fold of the result that is taken next.
        fold = counter(m, "fold", s.folds)
        m.d.comb += fold.step.eq(finish & emits)
        taken_step, taken_fold = (
            counter(m, "taken_step", steps if s.per_step else 1, last_step),
            counter(m, "taken_fold", s.folds),
        )
        m.d.comb += [taken_step.step.eq(take), taken_fold.step.eq(taken_step.wrap)]

        if isinstance(s.layer, Pool):
            self.pass_words(m, take, fold.value)
            return m
        held = self.held(m, take, taken_fold.value)
        if isinstance(neuron, Raw):
            for n, drive in enumerate(self.drives(m, held, fold.value, group.value)):
                m.d.comb += self.o.payload.word_select(n, output_width(s)).eq(drive)
            self.close()
            return m

        drives = self.drives(m, held, fold.value, group.value)
        for window in range(f.windows):
            units = drives[window * f.neurons : (window + 1) * f.neurons]
            self.units(m, window, units, work, step.value, group.value, fold.value)
        self.close()
        return m

    def close(self) -> None:
        if self.chain is not None:
            self.chain.close()

    def numbers(
        self, m: Module, name: str, rows: list[list[int]], width: int, index: Signal
    ) -> list[Signal]:
        """A table of rows of signed integers, read in the same cycle; constants where all rows are
        alike and none can be loaded.
        """
        mask = (1 << width) - 1
        words = [sum((int(v) & mask) << (i * width) for i, v in enumerate(row)) for row in rows]
        count = len(rows[0])
        data = Signal(width * count, name=f"{name}_data")
        if self.chain is None and len(set(words)) == 1:
            m.d.comb += data.eq(words[0])
        else:
            words += [0] * (2 - len(words)) if self.chain is not None else []
            m.submodules[name] = memory = Memory(shape=width * count, depth=len(words), init=words)
            port = memory.read_port(domain="comb")
            m.d.comb += [port.addr.eq(index), data.eq(port.data)]
            if self.chain is not None:
                loader, write = self.chain.loader(name, words, width * count), memory.write_port()
                m.d.comb += [
                    write.addr.eq(loader.row),
                    write.data.eq(loader.value),
                    write.en.eq(loader.write),
                ]
        return [data[i * width : (i + 1) * width].as_signed() for i in range(count)]

    def pass_words(self, m: Module, take: Signal, fold: Signal) -> None:
        """Max pooling: the best word, its inversion undone."""
        s = self.stage
        held = Signal.like(self.i.payload)
        with m.If(take):
            m.d.sync += held.eq(self.i.payload)
        masks, width = flip_masks(s), s.folding.elements * s.acc_width
        if not any(masks):
            m.d.comb += self.o.payload.eq(held)
            return
        flip = Signal(width)
        m.d.comb += flip.eq(table(masks, fold))
        m.d.comb += self.o.payload.eq(held ^ Cat(flip for _ in range(s.folding.windows)))

    def held(self, m: Module, take: Signal, fold: Signal) -> list[Signal]:
        """The result in work, for every window and element: v, or with a residual all of the drive
        but its bias.
        """
        s, f, layer = self.stage, self.stage.folding, self.stage.layer
        assert not isinstance(layer, Pool)
        skip = s.skip_stage
        joined = skip is not None
        negate = self.negations(m, "negate", f.elements, fold) if joined else []
        places, skip_places = (
            chosen(m, self, e, f"{name}_places", missing) if joined else None
            for e, name in ((s, "v"), (skip, "skip"))
        )
        held = []
        for n in range(f.windows * f.elements):
            value = Signal(signed(s.u_width if joined else s.acc_width), name=f"held{n}")
            v = self.i.payload.word_select(n, s.acc_width).as_signed()
            if skip is not None:
                kappa = whole(
                    m,
                    skip_places,
                    skip,
                    self.skip.payload.word_select(n, skip.acc_width).as_signed(),
                    f"kappa{n}",
                )
                v = (
                    self.turned(whole(m, places, s, v, f"v{n}"), negate[n % f.elements])
                    << layer.shift
                ) + kappa
            with m.If(take):
                m.d.sync += value.eq(v)
            held.append(value)
        return held

    def negations(self, m: Module, name: str, count: int, row: Signal) -> list[Signal | None]:
        """Whether each of ``count`` channels is negated; None where none ever is."""
        layer = self.stage.layer
        assert not isinstance(layer, Pool)
        if self.stage.room is None and not layer.negate.any():
            return [None] * count
        return [
            flag[0]
            for flag in self.numbers(m, name, layer.negate.reshape(-1, count).tolist(), 1, row)
        ]

    def turned(self, v: Value, negate: Value | None) -> Value:
        return v if negate is None else Mux(negate, -v, v)

    def drives(self, m: Module, held: list[Signal], fold: Signal, group: Signal) -> list[Signal]:
        """u of every window and unit, for the group in work."""
        s, f, layer = self.stage, self.stage.folding, self.stage.layer
        assert not isinstance(layer, Pool)
        units = self.unit_count
        groups = f.elements // units
        row = Signal(range(max(2, s.folds * groups)), name="row")
        m.d.comb += row.eq(fold * groups + group)
        joined = s.skip_stage is not None
        negate = [None] * units if joined else self.negations(m, "negate", units, row)
        adds = s.room is not None or s.beta_bound > 0
        beta = self.betas(m, layer, units, row) if adds else []
        places = None if joined else chosen(m, self, s, "v_places", missing)
        drives = []
        for n in range(f.windows * units):
            window, unit = divmod(n, units)
            choices = held[window * f.elements + unit : (window + 1) * f.elements : units]
            v = choose(choices, group)
            u = (
                v
                if joined
                else self.turned(whole(m, places, s, v, f"v{n}"), negate[unit]) << layer.shift
            )
            drive = Signal(signed(s.u_width), name=f"drive{n}")
            m.d.comb += drive.eq(u + beta[unit] if adds else u)
            drives.append(drive)
        return drives

    def betas(self, m: Module, layer: Layer, units: int, row: Signal) -> list[Signal]:
        """The biases of the units, for the time steps that are run."""
        s = self.stage
        found = [stage.layer.beta.reshape(-1, units).tolist() for stage in (*s.fewer, s)]
        if all(rows == found[-1] for rows in found):
            return self.numbers(m, "beta", found[-1], signed_width(s.beta_bound), row)
        rows = [row for rows in found for row in rows]
        index = Signal(range(len(rows)), name="beta_row")
        m.d.comb += index.eq(self.steps * len(found[-1]) + row)
        return self.numbers(m, "beta", rows, signed_width(s.beta_bound), index)

    def units(
        self,
        m: Module,
        window: int,
        drives: list[Signal],
        work: Signal,
        step: Signal,
        group: Signal,
        fold: Signal,
    ) -> None:
        """The units of one window, and the words that they make. A word is handed on in the cycle
        in which its last bit is found.
        """
        s, f, neuron = self.stage, self.stage.folding, self.neuron
        groups = f.elements // f.neurons
        for n, u in enumerate(drives):
            elements = range(n, f.elements, f.neurons)
            if isinstance(neuron, LIF):
                membranes = [
                    Signal(signed(s.u_width), name=f"membrane{window}_{e}") for e in elements
                ]
                bit, after = self.lif(
                    m, neuron, choose(membranes, group), u, window, n, step, group, fold
                )
                for g, membrane in enumerate(membranes):
                    with m.If(work & (group == g)):
                        m.d.sync += membrane.eq(after)
            elif isinstance(neuron, SpikePack):
                bit = self.spikepack(m, neuron, u, work, window, n, step, group, fold)
            else:
                assert isinstance(neuron, Table)
                bit = self.threshold_table(m, neuron, u, work, window, n, step, group, fold)
            for g, e in enumerate(elements):
                word = Signal(output_width(s), name=f"word{window}_{e}")
                # Only the last T spikes count: what a register held before is shifted out.
                longer = Cat(bit, word)[: output_width(s)]
                with m.If(work & (group == g)):
                    m.d.sync += word.eq(longer)
                out = self.sent(m, longer if g == groups - 1 else word, f"sent{window}_{e}")
                m.d.comb += self.o.payload.word_select(window * f.elements + e, output_width(s)).eq(
                    out ^ neuron.code.sign_bit
                )

    def sent(self, m: Module, word: Value, name: str) -> Value:
        """A word with the planes that were left away as zeros; what its register held before does
        not leave at all.
        """
        s, width = self.stage, output_width(self.stage)
        if self.silent is None:
            return word
        ways = set(by_steps(s, lambda stage: stage.o_code.silent))
        return selected(
            m,
            name,
            self.silent,
            {silent: Cat(Const(0, silent), word[: width - silent]) for silent in ways},
        )

    def thresholds(
        self,
        m: Module,
        name: str,
        fold: Signal,
        group: Signal,
        inner: int,
        index: Signal,
        bound: int,
        row,
    ) -> list[Signal]:
        """Rows of ``neurons`` numbers, at most ``bound``, addressed by (fold, group, index);
        ``row(channels, i)`` gives index i.
        """
        s, f = self.stage, self.stage.folding
        groups = f.elements // f.neurons
        rows = [
            row(slice((g * f.neurons), (g + 1) * f.neurons), i)
            for g in range(s.folds * groups)
            for i in range(inner)
        ]
        width = signed_width(bound)
        address = Signal(range(max(2, len(rows))), name=f"{name}_address")
        m.d.comb += address.eq((fold * groups + group) * inner + index)
        return self.numbers(m, name, rows, width, address)

    def spikepack(
        self,
        m: Module,
        neuron: SpikePack,
        u: Signal,
        work: Signal,
        window: int,
        n: int,
        step: Signal,
        group: Signal,
        fold: Signal,
    ) -> Signal:
        """One step of one unit: its spike. What it leaves of the drive is the drive of the next
        step.
        """
        if n == 0 and window == 0:
            places = [abs(int(p)) for p in neuron.code.place_values]
            bound = self.stage.theta_bound * max(places)
            self.theta = self.thresholds(
                m,
                "theta",
                fold,
                group,
                len(places),
                step,
                bound,
                lambda c, i: (neuron.theta[c] * places[i]).tolist(),
            )
            tie_bound = int(neuron.tie.max()) if self.stage.room is None else 1
            self.tie = self.thresholds(
                m,
                "tie",
                fold,
                group,
                1,
                Signal(1),
                tie_bound,
                lambda c, i: (-neuron.tie[c]).tolist(),
            )
        rest, spike = Signal.like(u, name=f"rest{window}_{n}"), Signal(name=f"spike{window}_{n}")
        theta = self.theta[n]
        if neuron.code.steps > 1:
            left = Signal.like(u, name=f"left{window}_{n}")
            with m.If(work):
                m.d.sync += left.eq(rest)
            u = Mux(step == 0, u, left)
        fires = u >= theta
        m.d.comb += rest.eq(Mux(fires, u - theta, u))
        if self.stage.room is not None or neuron.tie.any():
            cleared = self.tie[n][0] & (step == neuron.code.steps - 1) & (rest == 0)
            m.d.comb += spike.eq(fires & ~cleared)
        else:
            m.d.comb += spike.eq(fires)
        return spike

    def threshold_table(
        self,
        m: Module,
        neuron: Table,
        u: Signal,
        work: Signal,
        window: int,
        n: int,
        step: Signal,
        group: Signal,
        fold: Signal,
    ) -> Signal:
        """One step of successive approximation: the threshold of the word that begins with the bits
        so far and a one.
        """
        s, f, steps = self.stage, self.stage.folding, neuron.code.steps
        groups, searched = f.elements // f.neurons, tables(s)
        channels = [g * f.neurons + n for g in range(s.folds * groups)]
        rows = [[threshold] for c in channels for threshold in search_tree(searched, c)]
        width = signed_width(max(abs(r[0]) for r in rows) if s.room is None else s.u_bound + 1)
        bits, node = (
            Signal(steps, name=f"bits{window}_{n}"),
            Signal(steps + 1, name=f"node{window}_{n}"),
        )
        at = (1 << step) | (bits & ((1 << step) - 1))
        m.d.comb += node.eq(at if self.tree is None else at | self.tree)
        address = Signal(range(max(2, len(rows))), name=f"table{window}_{n}_address")
        m.d.comb += address.eq((fold * groups + group) * (len(rows) // len(channels)) + node)
        spike = Signal(name=f"spike{window}_{n}")
        m.d.comb += spike.eq(u >= self.numbers(m, f"table{window}_{n}", rows, width, address)[0])
        with m.If(work):
            m.d.sync += bits.eq(Cat(spike, bits))
        return spike

    def lif(
        self,
        m: Module,
        neuron: LIF,
        membrane: Signal,
        u: Signal,
        window: int,
        n: int,
        step: Signal,
        group: Signal,
        fold: Signal,
    ) -> tuple[Signal, Signal]:
        """One step of one unit: leak, integrate, fire, reset."""
        if n == 0 and window == 0:
            self.theta = self.thresholds(
                m,
                "theta",
                fold,
                group,
                1,
                Signal(1),
                self.stage.theta_bound,
                lambda c, i: neuron.theta[c].tolist(),
            )
        held, charged = (
            Signal.like(u, name=f"held{window}_{n}"),
            Signal.like(u, name=f"charged{window}_{n}"),
        )
        spike, after = Signal(name=f"spike{window}_{n}"), Signal.like(u, name=f"after{window}_{n}")
        leaked = held - (held >> neuron.leak) if neuron.leak else held
        m.d.comb += [
            held.eq(Mux(step == 0, 0, membrane)),
            charged.eq(leaked + u),
            spike.eq(charged >= self.theta[n]),
            after.eq(Mux(spike, 0 if neuron.hard_reset else charged - self.theta[n], charged)),
        ]
        return spike, after
