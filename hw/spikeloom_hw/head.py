"""The neuron units: one result per element and window in, one word per element and window out.

The drive ``u = (±v << f) + kappa x + beta`` is loaded when a result is taken. Then ``neurons`` units per window work on the first
elements of a ring of registers, which turns until each has had its turn.
"""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from spikeloom.graph import Layer, Pool
from spikeloom.neuron import LIF, Raw, SpikePack, Table
from spikeloom.plan import Stage, signed_width

from .counting import counter
from .loading import LOAD_PORTS, Chain
from .source import flip_masks, table
from .steps import by_steps, chosen, missing, selected, steps_port, whole


def output_width(stage: Stage) -> int:
    """Bits of one output word: T planes, or the integer output."""
    return stage.u_width if stage.o_code is None else stage.o_code.steps


def by_live(stage: Stage) -> list[Table]:
    """The tables of a stage by rising number of planes, one each."""
    found = {stage.layer.neuron.code.live: stage.layer.neuron for stage in (*stage.fewer, stage)}
    return [found[live] for live in sorted(found)]


def search_tree(tables: list[Table], channel: int) -> list[int]:
    """The thresholds of a channel by node, which is a 1 followed by the bits so far; with several tables that of T planes from 2^T on."""
    found = [0] * (2 << tables[-1].code.live if len(tables) > 1 else 0)
    for each in tables:
        live, thresholds = each.code.live, [int(t) for t in each.thresholds[channel]]
        nodes = thresholds[:1]
        for t in range(live):
            nodes += [thresholds[(((bits << 1) | 1) << (live - 1 - t)) - 1] for bits in range(1 << t)]
        found[1 << live :] = nodes
    return found


class Head(wiring.Component):
    """Neuron units of one stage: SpikePack, threshold table, IF, LIF, or none.

    Timing (docs/engine.md): a result is taken when the one before is done, in the same cycle at best; the output is handed on
    ``neuron_cycles`` later at the earliest.

    Ports
    -----
    i: results of the accumulators. skip: results of the residual's own accumulators (only with a residual).
    o: words, window by window, element by element.
    load_i, load_o: chain of the parameter memories (only where weights can be loaded).
    steps: time steps that are run, less one (only where they can be chosen).
    """

    def __init__(self, stage: Stage):
        self.stage = stage
        f = stage.folding
        count = f.windows * f.elements
        ports = {"i": In(stream.Signature(count * stage.acc_width)), "o": Out(stream.Signature(count * output_width(stage)))}
        if stage.skip_stage is not None:
            ports["skip"] = In(stream.Signature(count * stage.skip_stage.acc_width))
        if stage.room is not None:
            ports |= LOAD_PORTS
        ports |= steps_port(stage)
        super().__init__(ports)
        self.chain: Chain | None = None

    @property
    def neuron(self) -> SpikePack | Table | LIF | Raw:
        return Raw(self.stage.o_code) if isinstance(self.stage.layer, Pool) else self.stage.layer.neuron

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, f, neuron = self.stage, self.stage.folding, self.neuron
        self.chain = None if s.room is None else Chain(m, self)
        groups = 1 if isinstance(neuron, Raw) else f.elements // f.neurons
        steps = neuron.code.steps if neuron.code is not None and not isinstance(neuron, Raw) else 1

        fires = not isinstance(neuron, Raw)
        self.silent = chosen(m, self, s, "silent", lambda stage: stage.o_code.silent) if fires else None
        self.tree = chosen(m, self, s, "tree", lambda stage: 1 << stage.o_code.live) if isinstance(neuron, Table) else None
        last_step = chosen(m, self, s, "last_step", lambda stage: stage.o_code.live - 1) if fires else None
        ends = steps - 1 if last_step is None else last_step

        busy, finish, take, emits = Signal(), Signal(), Signal(), Signal()
        # Each cycle of work is one (group, step). LIF goes through the groups within a step, the others through the steps within a group.
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
        taken_step, taken_fold = counter(m, "taken_step", steps if s.per_step else 1, last_step), counter(m, "taken_fold", s.folds)
        m.d.comb += [taken_step.step.eq(take), taken_fold.step.eq(taken_step.wrap)]

        if isinstance(s.layer, Pool):
            self.pass_words(m, take, fold.value)
            return m
        drives = self.drives(m, taken_fold.value)
        if isinstance(neuron, Raw):
            for n, drive in enumerate(drives):
                held = Signal(output_width(s), name=f"held{n}")
                with m.If(take):
                    m.d.sync += held.eq(drive)
                m.d.comb += self.o.payload.word_select(n, output_width(s)).eq(held)
            self.close()
            return m

        rotate = work if by_step else step.wrap
        for window in range(f.windows):
            self.ring(
                m, window, drives[window * f.elements : (window + 1) * f.elements], take, work, rotate, step.value, group.value, fold.value
            )
        self.close()
        return m

    def close(self) -> None:
        if self.chain is not None:
            self.chain.close()

    def numbers(self, m: Module, name: str, rows: list[list[int]], width: int, index: Signal) -> list[Signal]:
        """A table of rows of signed integers, read in the same cycle; constants where all rows are alike and none can be loaded."""
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
                m.d.comb += [write.addr.eq(loader.row), write.data.eq(loader.value), write.en.eq(loader.write)]
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

    def drives(self, m: Module, fold: Signal) -> list[Signal]:
        """u of every window and element for the result at ``i``."""
        s, f, layer = self.stage, self.stage.folding, self.stage.layer
        assert not isinstance(layer, Pool)
        width = signed_width(s.beta_bound)
        beta = self.betas(m, layer, width, fold)
        negate = self.numbers(m, "negate", layer.negate.reshape(s.folds, f.elements).tolist(), 1, fold)
        sources = {"v": s} if s.skip_stage is None else {"v": s, "skip": s.skip_stage}
        places = {name: chosen(m, self, stage, f"{name}_missing", missing) for name, stage in sources.items()}
        drives = []
        for n in range(f.windows * f.elements):
            e = n % f.elements
            v = self.i.payload.word_select(n, s.acc_width).as_signed()
            v = whole(m, places["v"], s, v, f"v{n}")
            signed_v = Mux(negate[e].as_unsigned(), -v, v) if s.room is not None or layer.negate.any() else v
            u = (signed_v << layer.shift) + beta[e] if s.room is not None or s.beta_bound else signed_v << layer.shift
            if s.skip_stage is not None:
                skip = self.skip.payload.word_select(n, s.skip_stage.acc_width).as_signed()
                u = u + whole(m, places["skip"], s.skip_stage, skip, f"skip{n}")
            drive = Signal(signed(s.u_width), name=f"drive{n}")
            m.d.comb += drive.eq(u)
            drives.append(drive)
        return drives

    def betas(self, m: Module, layer: Layer, width: int, fold: Signal) -> list[Signal]:
        """The biases of a fold, of the number of time steps that are run."""
        s = self.stage
        found = [stage.layer.beta.reshape(s.folds, -1).tolist() for stage in s.fewer if not isinstance(stage.layer, Pool)]
        own = layer.beta.reshape(s.folds, -1).tolist()
        if all(rows == own for rows in found):
            return self.numbers(m, "beta", own, width, fold)
        rows = [row for rows in (*found, own) for row in rows]
        index = Signal(range(len(rows)), name="beta_index")
        m.d.comb += index.eq(self.steps * s.folds + fold)
        return self.numbers(m, "beta", rows, width, index)

    def ring(
        self,
        m: Module,
        window: int,
        drives: list[Signal],
        take: Signal,
        work: Signal,
        rotate: Signal,
        step: Signal,
        group: Signal,
        fold: Signal,
    ) -> None:
        """The registers of one window: drives (or membranes) and words; the units work on the first ``neurons`` of them."""
        s, f, neuron = self.stage, self.stage.folding, self.neuron
        lif = isinstance(neuron, LIF)
        u = [Signal(signed(s.u_width), name=f"u{window}_{e}") for e in range(f.elements)]
        words = [Signal(output_width(s), name=f"word{window}_{e}") for e in range(f.elements)]
        membranes = [Signal(signed(s.u_width), name=f"membrane{window}_{e}") for e in range(f.elements if lif else 0)]
        next_u, next_words, next_membranes = list(u), list(words), list(membranes)
        for n in range(f.neurons):
            if isinstance(neuron, LIF):
                spike, next_membranes[n] = self.lif(m, neuron, membranes[n], u[n], window, n, step, group, fold)
                bit = spike
            elif isinstance(neuron, SpikePack):
                bit, next_u[n] = self.spikepack(m, neuron, u[n], window, n, step, group, fold)
            else:
                assert isinstance(neuron, Table)
                bit = self.threshold_table(m, neuron, u[n], words[n], window, n, step, group, fold)
            # Only the last T spikes count: what a register held before is shifted out.
            next_words[n] = Cat(bit, words[n])[: output_width(s)]

        def turn(values: list) -> list:
            return values[f.neurons :] + values[: f.neurons]

        for e, new in enumerate(turn(next_words)):
            # Planes that are left away leave as zeros, and what the register held before does not leave at all.
            sent = {k: Cat(Const(0, k), new[: output_width(s) - k]) for k in set(by_steps(s, lambda stage: stage.o_code.silent))}
            word = selected(m, f"sent{window}_{e}", self.silent, sent) if self.silent is not None else new
            m.d.comb += self.o.payload.word_select(window * f.elements + e, output_width(s)).eq(word ^ neuron.code.sign_bit)
        with m.If(work):
            with m.If(rotate):
                m.d.sync += [
                    a.eq(b) for a, b in zip(u + words + membranes, turn(next_u) + turn(next_words) + turn(next_membranes), strict=True)
                ]
            with m.Else():
                m.d.sync += [a.eq(b) for a, b in zip(u + words + membranes, next_u + next_words + next_membranes, strict=True)]
        with m.If(take):
            m.d.sync += [a.eq(b) for a, b in zip(u, drives, strict=True)]

    def thresholds(self, m: Module, name: str, fold: Signal, group: Signal, inner: int, index: Signal, bound: int, row) -> list[Signal]:
        """Rows of ``neurons`` numbers, at most ``bound``, addressed by (fold, group, index); ``row(channels, i)`` gives index i."""
        s, f = self.stage, self.stage.folding
        groups = f.elements // f.neurons
        rows = [row(slice((g * f.neurons), (g + 1) * f.neurons), i) for g in range(s.folds * groups) for i in range(inner)]
        width = signed_width(bound)
        address = Signal(range(max(2, len(rows))), name=f"{name}_address")
        m.d.comb += address.eq((fold * groups + group) * inner + index)
        return self.numbers(m, name, rows, width, address)

    def spikepack(
        self, m: Module, neuron: SpikePack, u: Signal, window: int, n: int, step: Signal, group: Signal, fold: Signal
    ) -> tuple[Signal, Signal]:
        """One step of one unit: the spike and the drive that it leaves."""
        if n == 0 and window == 0:
            places = [abs(int(p)) for p in neuron.code.place_values]
            bound = self.stage.theta_bound * max(places)
            self.theta = self.thresholds(
                m, "theta", fold, group, len(places), step, bound, lambda c, i: (neuron.theta[c] * places[i]).tolist()
            )
            tie_bound = int(neuron.tie.max()) if self.stage.room is None else 1
            self.tie = self.thresholds(m, "tie", fold, group, 1, Signal(1), tie_bound, lambda c, i: (-neuron.tie[c]).tolist())
        rest, spike = Signal.like(u, name=f"rest{window}_{n}"), Signal(name=f"spike{window}_{n}")
        theta = self.theta[n]
        fires = u >= theta
        m.d.comb += rest.eq(Mux(fires, u - theta, u))
        if self.stage.room is not None or neuron.tie.any():
            cleared = self.tie[n][0] & (step == neuron.code.steps - 1) & (rest == 0)
            m.d.comb += spike.eq(fires & ~cleared)
        else:
            m.d.comb += spike.eq(fires)
        return spike, rest

    def threshold_table(
        self, m: Module, neuron: Table, u: Signal, word: Signal, window: int, n: int, step: Signal, group: Signal, fold: Signal
    ) -> Signal:
        """One step of successive approximation: the threshold of the word that begins with the bits so far and a one."""
        s, f, steps = self.stage, self.stage.folding, neuron.code.steps
        groups, tables = f.elements // f.neurons, [neuron] if self.silent is None else by_live(s)
        channels = [g * f.neurons + n for g in range(s.folds * groups)]
        rows = [[threshold] for c in channels for threshold in search_tree(tables, c)]
        width = signed_width(max(abs(r[0]) for r in rows) if s.room is None else s.u_bound + 1)
        bits, node = Signal(steps, name=f"bits{window}_{n}"), Signal(steps + 1, name=f"node{window}_{n}")
        m.d.comb += bits.eq(word & ((1 << step) - 1))
        m.d.comb += node.eq((1 << step) | bits if self.silent is None else (1 << step) | bits | self.tree)
        address = Signal(range(max(2, len(rows))), name=f"table{window}_{n}_address")
        m.d.comb += address.eq((fold * groups + group) * (len(rows) // len(channels)) + node)
        spike = Signal(name=f"spike{window}_{n}")
        m.d.comb += spike.eq(u >= self.numbers(m, f"table{window}_{n}", rows, width, address)[0])
        return spike

    def lif(
        self, m: Module, neuron: LIF, membrane: Signal, u: Signal, window: int, n: int, step: Signal, group: Signal, fold: Signal
    ) -> tuple[Signal, Signal]:
        """One step of one unit: leak, integrate, fire, reset."""
        if n == 0 and window == 0:
            self.theta = self.thresholds(
                m, "theta", fold, group, 1, Signal(1), self.stage.theta_bound, lambda c, i: neuron.theta[c].tolist()
            )
        held, charged = Signal.like(u, name=f"held{window}_{n}"), Signal.like(u, name=f"charged{window}_{n}")
        spike, after = Signal(name=f"spike{window}_{n}"), Signal.like(u, name=f"after{window}_{n}")
        leaked = held - (held >> neuron.leak) if neuron.leak else held
        m.d.comb += [
            held.eq(Mux(step == 0, 0, membrane)),
            charged.eq(leaked + u),
            spike.eq(charged >= self.theta[n]),
            after.eq(Mux(spike, 0 if neuron.hard_reset else charged - self.theta[n], charged)),
        ]
        return spike, after
