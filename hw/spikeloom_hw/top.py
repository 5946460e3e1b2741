"""The whole network: stages, the streams between them, counters; AXI4-Stream in and out with flat
names.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from amaranth import Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out
from spikeloom.mapping.plan.counters import counter_map
from spikeloom.mapping.plan.engines import alone
from spikeloom.mapping.plan.legal import OUTPUT_WIDTH
from spikeloom.mapping.plan.plan import Edge, Plan, Stage

from .engine.accumulator import AccumulatorArray
from .engine.counters import Counters, offer_stream
from .engine.neuron_units import NeuronUnits
from .engine.spike_source import SpikeSource
from .engine.stage import accumulators, neuron_units, spike_source, weights
from .lib.fork import Fork
from .lib.gather import Gather
from .lib.loop_counter import counter
from .lib.regroup import Regroup, widths
from .lib.runtime_steps import STEPS_WIDTH
from .memory.loading import CHUNK, Contents
from .memory.outside import OutsideMemory
from .memory.weights import weights_outside


def input_width(plan: Plan) -> int:
    """Bits of s_axis_tdata: one beat, rounded up to bytes."""
    return (plan.input_group * plan.graph.input.code.steps + 7) // 8 * 8


class Top(wiring.Component):
    """One network.

    Ports
    -----
    s_axis_*: ``plan.input_group`` channels of one position a beat, channel c's T-bit word at bits
        [c*T, (c+1)*T); positions row-major, channel groups inside. ``s_axis_tlast`` is not looked
        at: images have a fixed number of beats.
    m_axis_*: one value a beat, 32 bits two's complement, positions row-major, channels inside;
        ``m_axis_tlast`` with the last of an image.
    counter_address, counter_data, counter_clear: see Counters.
    load_start, load_valid, load_data, load_done (only where weights can be loaded): a pulse, then
        from the next cycle on 32-bit words, at most one a cycle: the rows of :meth:`contents`.
        ``load_done``: every memory is full, and one word more has come. No image may be in flight.
    steps (only where they can be chosen): time steps to run; 0 or too many for all of them. Changes
        in a reset alone.
    """

    def __init__(self, plan: Plan):
        alone(plan.program)
        self.plan, self.files = plan, weights_outside(plan)
        self.arrays: list[AccumulatorArray] = []
        self.links: list[tuple[str, AccumulatorArray | NeuronUnits]] = []
        load = {
            "load_start": In(1),
            "load_valid": In(1),
            "load_data": In(CHUNK),
            "load_done": Out(1),
        }
        super().__init__(
            {
                "s_axis_tdata": In(input_width(plan)),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(OUTPUT_WIDTH),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                "counter_address": In(16),
                "counter_data": Out(64),
                "counter_clear": In(1),
                **(load if plan.rooms else {}),
                **({"steps": In(STEPS_WIDTH)} if plan.fewer_steps else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        m.submodules.counters = counters = Counters(
            names=[name for name, _ in counter_map(plan)], checksums=plan.checksums
        )
        m.d.comb += [
            counters.address.eq(self.counter_address),
            counters.clear.eq(self.counter_clear),
            self.counter_data.eq(counters.data),
        ]
        targets: dict[tuple[str, str], wiring.PureInterface] = {}
        producers: dict[str, wiring.PureInterface] = {}
        active = Signal()
        if plan.fewer_steps:
            most = len(plan.fewer) + 1
            self.run = Signal(range(most))
            m.d.comb += self.run.eq(
                Mux((self.steps == 0) | (self.steps > most), most - 1, self.steps - 1)
            )
        for stage in plan.stages:
            self.stage(m, stage, counters, active, targets, producers)

        first = plan.graph.input
        beat_width = plan.input_group * first.code.steps
        source = stream.Signature(beat_width).create(path=("source",))
        m.d.comb += [
            source.valid.eq(self.s_axis_tvalid),
            source.payload.eq(self.s_axis_tdata),
            self.s_axis_tready.eq(source.ready),
        ]
        producers[first.name] = source
        accepted = Signal()
        m.d.comb += accepted.eq(source.valid & source.ready)
        offer_stream(m, counters, first.name, accepted, slices(source.payload, plan.input_group))

        result = self.connect(m, targets, producers)
        sent = Signal()
        value = (
            result.payload.as_signed()
            if plan[plan.graph.output.name].o_code is None
            else result.payload
        )
        m.d.comb += [
            self.m_axis_tvalid.eq(result.valid),
            self.m_axis_tdata.eq(value),
            result.ready.eq(self.m_axis_tready),
            sent.eq(result.valid & self.m_axis_tready),
        ]
        self.count_images(m, counters, accepted, sent, active)
        if plan.rooms:
            self.connect_load(m)
        return m

    def connect_load(self, m: Module) -> None:
        """The chain through every memory, in the order of the stages."""
        start, valid, data = self.load_start, self.load_valid, self.load_data
        for _, link in self.links:
            m.d.comb += [
                link.load_i.start.eq(start),
                link.load_i.valid.eq(valid),
                link.load_i.data.eq(data),
            ]
            start, valid, data = link.load_o.start, link.load_o.valid, link.load_o.data
        m.d.sync += self.load_done.eq((self.load_done | valid) & ~self.load_start)

    def contents(self) -> list[Contents]:
        """The memories of the chain in its order, and what they hold. The top must have been
        elaborated.
        """
        return [
            replace(c, name=f"{name}.{c.name}")
            for name, link in self.links
            if link.chain
            for c in link.chain.contents
        ]

    def outside(self) -> list[OutsideMemory]:
        """The memories that lie in files. The top must have been elaborated."""
        ports = [array.body.weights for array in self.arrays]
        return [memory for port in ports if port is not None for memory in port.outside]

    def stage(
        self,
        m: Module,
        stage: Stage,
        counters: Counters,
        active: Signal,
        targets: dict,
        producers: dict,
    ) -> None:
        """Source, accumulators and neuron units of one layer, and those of its residual."""
        units = neuron_units(stage)
        m.submodules[f"{stage.name}_head"] = units
        self.steer(m, units)
        links: list[tuple[str, AccumulatorArray | NeuronUnits]] = []
        for engine, port, results in (
            (stage, "i", units.i),
            (stage.skip_stage, "skip", getattr(units, "skip", None)),
        ):
            if engine is None:
                continue
            source = spike_source(engine)
            array = accumulators(engine, partial(weights, files=self.files))
            self.arrays.append(array)
            links.append((engine.name, array))
            self.steer(m, source)
            self.steer(m, array)
            m.submodules[f"{engine.name}_source"] = source
            m.submodules[f"{engine.name}_body"] = array
            for o, i in zip(source.outputs, array.inputs, strict=True):
                wiring.connect(m, o, i)
            wiring.connect(m, array.o, results)
            targets[stage.name, port] = source.i
            self.count_cycles(m, counters, engine, array, active)
        self.links += [link for link in (*links, (stage.name, units)) if link[1].loads]
        producers[stage.name] = units.o
        f = stage.folding
        if stage.o_code is not None:
            words = slices(units.o.payload, f.windows * f.elements)
            offer_stream(m, counters, stage.name, units.o.valid & units.o.ready, words)
        if f.windows > 1:
            m.submodules[f"{stage.name}_gather"] = gather = Gather(
                width=stage.output_width * f.elements, windows=f.windows, folds=stage.folds
            )
            wiring.connect(m, units.o, gather.i)
            producers[stage.name] = gather.o

    def count_cycles(
        self, m: Module, counters: Counters, engine: Stage, array: AccumulatorArray, active: Signal
    ) -> None:
        """What an engine does in each active cycle, and the weights that its spikes add."""
        busy, stalled, starved = (
            Signal(name=f"{engine.name}_{state}") for state in ("busy", "stalled", "starved")
        )
        m.d.comb += [
            busy.eq(array.busy & active),
            stalled.eq(array.stalled & active),
            starved.eq(~(array.busy | array.stalled) & active),
        ]
        synapses = engine.body.synapses(engine.folding)
        for what, amount in (
            ("busy", busy),
            ("stalled", stalled),
            ("starved", starved),
            ("synaptic", array.issued * synapses),
        ):
            counters.offer(f"{engine.name}.{what}", amount)

    def steer(self, m: Module, component: SpikeSource | AccumulatorArray | NeuronUnits) -> None:
        """The number of time steps, where the component asks for it."""
        if hasattr(component, "steps"):
            m.d.comb += component.steps.eq(self.run)

    def connect(self, m: Module, targets: dict, producers: dict) -> wiring.PureInterface:
        """Every edge of the plan; returns the stream of single output values."""
        plan = self.plan
        result = None
        for node in plan.graph.nodes:
            edges: list[Edge | None] = list(plan.consumers(node.name))
            if node is plan.graph.output:
                edges.append(None)
            o = producers[node.name]
            branches = [o]
            if len(edges) > 1:
                m.submodules[f"{node.name}_fork"] = fork = Fork(
                    width=len(o.payload), branches=len(edges)
                )
                wiring.connect(m, o, fork.i)
                branches = [getattr(fork, f"o{b}") for b in range(len(edges))]
            for branch, edge in zip(branches, edges, strict=True):
                if edge is None:
                    groups, name = widths(plan.o_group(node.name), 1), "output"
                else:
                    groups, name = widths(edge.i_group, edge.o_group), f"{edge.target}_{edge.port}"
                word = len(branch.payload) // groups[0]
                for step, (i_group, o_group) in enumerate(zip(groups, groups[1:], strict=False)):
                    m.submodules[f"{name}_regroup{step}"] = regroup = Regroup(
                        i_width=i_group * word, o_width=o_group * word
                    )
                    wiring.connect(m, branch, regroup.i)
                    branch = regroup.o
                if edge is None:
                    result = branch
                    continue
                if edge.depth:
                    branch = self.fifo(m, f"{name}_fifo", branch, edge.depth)
                wiring.connect(m, branch, targets[edge.target, edge.port])
        assert result is not None
        return result

    def fifo(
        self, m: Module, name: str, i: wiring.PureInterface, depth: int
    ) -> wiring.PureInterface:
        m.submodules[name] = fifo = SyncFIFO(width=len(i.payload), depth=depth)
        o = stream.Signature(len(i.payload)).create(path=(name,))
        m.d.comb += [
            fifo.w_en.eq(i.valid),
            fifo.w_data.eq(i.payload),
            i.ready.eq(fifo.w_rdy),
            o.valid.eq(fifo.r_rdy),
            o.payload.eq(fifo.r_data),
            fifo.r_en.eq(o.ready),
        ]
        return o

    def count_images(
        self, m: Module, counters: Counters, accepted: Signal, sent: Signal, active: Signal
    ) -> None:
        """Which cycles are active: an image is in flight from the cycle after its first beat to the
        cycle of its last value.
        """
        plan = self.plan
        channels, height, width = plan.graph.input.shape
        i_beat = counter(m, "i_beat", channels // plan.input_group * height * width)
        outputs = plan.graph.shapes[plan.graph.output.name]
        o_beat = counter(m, "o_beat", outputs[0] * outputs[1] * outputs[2])
        flight = Signal(signed(16))
        started = Signal()
        m.d.comb += [
            i_beat.step.eq(accepted),
            o_beat.step.eq(sent),
            started.eq(accepted & (i_beat.value == 0)),
            active.eq(flight != 0),
            self.m_axis_tlast.eq(o_beat.value == outputs[0] * outputs[1] * outputs[2] - 1),
        ]
        m.d.sync += flight.eq(flight + started - o_beat.wrap)
        counters.offer("cycles", active)
        counters.offer("images", o_beat.wrap)


def slices(payload: Signal, count: int) -> list[Signal]:
    width = len(payload) // count
    return [payload[i * width : (i + 1) * width] for i in range(count)]
