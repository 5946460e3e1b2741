"""Source, accumulators and neuron units of one stage alone: numbers equal to the golden layer,
times equal to the formulas.
"""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Module, Signal, Value
from amaranth.hdl import ValueLike
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Neuron, Raw, SpikePack, Thresholds
from spikeloom.ir.nodes import Input, Layer, MaxPool
from spikeloom.ir.number import Code, Ints
from spikeloom.ir.windows import conv, windows
from spikeloom.mapping.plan.plan import Folding, Plan, Stage
from spikeloom_hw.bodies import Fill
from spikeloom_hw.engine.stage import accumulators, neuron_units, spike_source, weights
from spikeloom_hw.memory.weights import bank_rows

from tests.hw.bench import beats
from tests.hw.streams import drive, pack, unpack

CROSS = [(0.0, 0.0), (0.6, 0.0), (0.3, 0.7)]


def zeros(count: int) -> Ints:
    return np.zeros(count, dtype=np.int64)


def one_layer(
    neuron: Neuron,
    folding: Folding,
    *,
    channels: int = 4,
    code: Code | None = None,
    seed: int = 0,
    **layer: object,
) -> Plan:
    """A network of one 3x3 layer on a 4x6 map."""
    rng = np.random.default_rng(seed)
    outputs = 6 if folding.body != "depthwise" else channels
    inputs = channels if folding.body != "depthwise" else 1
    weight = rng.integers(-8, 8, (outputs, inputs, 3, 3))
    graph = Graph(
        "one",
        (
            Input("x", (channels, 4, 6), (channels, 4, 6), code or Code(3)),
            Layer(
                "a",
                "x",
                weight,
                neuron,
                rng.integers(-40, 40, outputs),
                rng.integers(0, 2, outputs),
                zeros(outputs),
                2,
                groups=channels if folding.body == "depthwise" else 1,
                **layer,
            ),
        ),
    )  # type: ignore[arg-type]
    return Plan(graph, {"a": folding}, "pynq-z2", 100.0, {}, "none")


class SourceAndBody(wiring.Component):
    """A stage without its neuron units. ``fill``: what fills its weight port."""

    def __init__(self, stage: Stage, fill: Fill = weights):
        self.source, self.body = spike_source(stage), accumulators(stage, fill)
        count = stage.folding.windows * stage.folding.elements
        super().__init__(
            {
                "i": In(stream.Signature(stage.folding.group * stage.i_code.steps)),
                "o": Out(stream.Signature(count * stage.acc_width)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.source, m.submodules.body = self.source, self.body
        for o, i in zip(self.source.outputs, self.body.inputs, strict=True):
            wiring.connect(m, o, i)
        wiring.connect(m, wiring.flipped(self.i), self.source.i)
        wiring.connect(m, self.body.o, wiring.flipped(self.o))
        return m


FOLDINGS = [
    Folding("event", 4, 1, 1, 6),
    Folding("event", 4, 2, 2, 2, 3),
    Folding("event", 2, 2, 1, 3, 2),
    Folding("event", 1, 1, 2, 3),
    Folding("dense", 4, 1, 1, 3, 1),
    Folding("dense", 2, 1, 1, 2, 3),
    Folding("parallel", 4, 1, 1, 6, 2),
    Folding("parallel", 1, 1, 1, 2, 1),
    Folding("depthwise", 2, 1, 1, 2, 3),
    Folding("depthwise", 4, 1, 1, 4, 1),
]


def sums(plan: Plan, words: Ints) -> Ints:
    """Every v of the layer, (N, O, H, W)."""
    layer = plan.graph.output
    assert isinstance(layer, Layer)
    values = plan.graph.code(layer.source).value(words)
    return conv(values, layer.weight, layer.stride, layer.padding, layer.groups)


def in_order(stage: Stage, values: Ints) -> list[list[int]]:
    """Results as the accumulators hand them on: per (image, step, fold), windows by elements."""
    f, (_, height, width) = stage.folding, stage.o_shape
    cut = values.reshape(-1, stage.folds, f.elements, height, width // f.windows, f.windows)
    return cut.transpose(0, 3, 4, 1, 5, 2).reshape(-1, f.windows * f.elements).tolist()


@pytest.mark.parametrize("folding", FOLDINGS, ids=str)
@pytest.mark.parametrize("signed", [False, True])
def test_accumulators(folding: Folding, signed: bool) -> None:
    plan = one_layer(
        Raw(None), folding, code=Code(3, signed=signed), padding=(1, 1, 1, 1), stride=(2, 1)
    )
    words = np.random.default_rng(5).integers(0, 8, (1, 4, 4, 6))
    stage = plan.stages[0]
    expected = in_order(stage, sums(plan, words))
    for idle, stall in CROSS:
        logs = drive(
            SourceAndBody(stage),
            {"i": beats(plan, words)},
            {"o": len(expected)},
            idle=idle,
            stall=stall,
        )
        count = folding.windows * folding.elements
        assert [
            unpack(word, stage.acc_width, count, signed=True) for word in logs["o"].data
        ] == expected


class Computed:
    """Fills a weight port without a memory: every row is made where it is read, as that of a stream
    or of a prefetcher is.
    """

    loads = False
    outside = ()

    def __init__(self, rows: list[list[int]], width: int) -> None:
        self.rows, self.width, self.opened = rows, width, set[tuple[int, int]]()

    def begin(self, m: Module, chain: object) -> None:
        assert chain is None and not self.opened
        self.m = m

    def open(self, bank: int, window: int) -> None:
        self.opened.add((bank, window))

    def read(
        self, bank: int, window: int, port: int, row: ValueLike, enable: ValueLike, name: str
    ) -> Value:
        assert (bank, window) in self.opened
        found = Signal(self.width, name=name)
        with self.m.If(enable):
            for number, weights in enumerate(self.rows[bank]):
                with self.m.If(row == number):
                    self.m.d.sync += found.eq(weights)
        return found


@pytest.mark.parametrize("folding", FOLDINGS, ids=str)
def test_weights_come_through_a_port(folding: Folding) -> None:
    """Whatever fills it: the same results in the same cycles as of memories."""
    plan = one_layer(Raw(None), folding, padding=(1, 1, 1, 1))
    stage, words = plan.stages[0], np.random.default_rng(9).integers(0, 8, (1, 4, 4, 6))
    expected = in_order(stage, sums(plan, words))

    def fill(stage: Stage) -> Computed:
        rows = [bank_rows(stage, bank) for bank in range(stage.folding.banks)]
        return Computed(rows, stage.stored_width * stage.row_weights)

    logs = [
        drive(front, {"i": beats(plan, words)}, {"o": len(expected)}, idle=0.3, stall=0.4)["o"]
        for front in (SourceAndBody(stage), SourceAndBody(stage, fill))
    ]
    count = folding.windows * folding.elements
    assert logs[0].times == logs[1].times
    assert [unpack(w, stage.acc_width, count, signed=True) for w in logs[1].data] == expected


def pass_cycles(stage: Stage, words: Ints) -> list[int]:
    """Cycles of every fold by the closed form of docs/explanation/engine.md, image by image, step
    by step.
    """
    f, layer = stage.folding, stage.layer
    planes = stage.i_code.planes(words) if f.body == "event" else None
    cycles = []
    for n in range(len(words)):
        for y in range(stage.o_shape[1]):
            for x in range(stage.o_shape[2] // f.windows):
                total = 0
                for t in range(stage.planes):
                    if planes is None:
                        total += stage.pass_words
                        continue
                    per_queue = []
                    for window in range(f.windows):
                        patch = windows(
                            planes[t, n : n + 1], layer.kernel, layer.stride, layer.padding
                        )[0, :, y, x * f.windows + window]
                        counts = patch.reshape(stage.words, f.group // f.banks, f.banks, -1).sum(
                            axis=1
                        )
                        per_queue += np.maximum(1, -(-counts // f.ports)).sum(axis=(0, 2)).tolist()
                    total += max(per_queue)
                cycles += [total] * stage.folds
    return cycles


@pytest.mark.parametrize("folding", FOLDINGS, ids=str)
def test_time_of_every_result(folding: Folding) -> None:
    """With all of the image there and room behind, results follow each other by the closed form,
    without a bubble.
    """
    plan = one_layer(Raw(None), folding, padding=(1, 1, 1, 1))
    stage = plan.stages[0]
    words = np.random.default_rng(6).integers(0, 8, (3, 4, 4, 6))
    cycles = pass_cycles(stage, words)
    results = len(cycles)
    logs = drive(SourceAndBody(stage), {"i": beats(plan, words)}, {"o": results})
    times = logs["o"].times
    row = results // 3 // stage.o_shape[1]
    fill = stage.beats * stage.i_shape[2]
    hidden = [
        k
        for k in range(row, results)
        if k % row and sum(cycles[k - k % row - row : k - k % row]) >= fill
    ]
    assert [times[k] - times[k - 1] for k in hidden] == [cycles[k] for k in hidden]
    assert hidden or stage.folds * cycles[0] < fill
    # The first result: write of the last beat that its window needs, fetch, queue, pass, body,
    # result queue.
    last_needed = (
        1 * stage.i_shape[2] + min(folding.windows + 1, stage.i_shape[2])
    ) * stage.beats - 1
    assert times[0] == last_needed + 1 + 2 + cycles[0] - 1 + stage.body_cycles + 1


NEURONS: list[tuple[Neuron, Code]] = [
    (SpikePack(Code(4), np.arange(11, 17), np.array([0, 1, 0, 1, 1, 0])), Code(3)),
    (SpikePack(Code(3, 3), np.arange(11, 17), zeros(6)), Code(3)),
    (SpikePack(Code(1), np.arange(11, 17), zeros(6)), Code(3)),
    (SpikePack(Code(3, signed=True), np.arange(21, 27), zeros(6)), Code(3)),
    (Thresholds(Code(3), np.cumsum(np.arange(42).reshape(6, 7) % 9 + 1, axis=1) - 30), Code(3)),
    (LIF(Code(5, 1), np.arange(30, 36), 2, True), Code(3)),
    (LIF(Code(3, 1), np.arange(30, 36), 1, False), Code(3, 1)),
    (LIF(Code(3, 1), np.arange(30, 36), 0, False), Code(3, 1)),
    (Raw(None), Code(3)),
]


@pytest.mark.parametrize(
    "folding",
    [
        Folding("dense", 4, elements=6, neurons=2),
        Folding("dense", 4, elements=3, windows=2, neurons=1),
    ],
    ids=str,
)
@pytest.mark.parametrize(("neuron", "code"), NEURONS, ids=str)
def test_neuron_units(neuron: Neuron, code: Code, folding: Folding) -> None:
    plan = one_layer(neuron, folding, code=code, padding=(1, 1, 1, 1), seed=3)
    stage, words = plan.stages[0], np.random.default_rng(7).integers(0, 8, (2, 4, 4, 6))
    count = folding.windows * folding.elements
    inputs = [sums_of_plane for sums_of_plane in results_in(plan, stage, words)]
    outputs = in_order(stage, golden.trace(plan.graph, words)["a"])
    for idle, stall in CROSS:
        logs = drive(
            neuron_units(stage),
            {"i": [pack(row, stage.acc_width) for row in inputs]},
            {"o": len(outputs)},
            idle=idle,
            stall=stall,
        )
        signed = stage.o_code is None
        assert [
            unpack(word, stage.output_width, count, signed=signed) for word in logs["o"].data
        ] == outputs
        if not idle and not stall:
            per_output = len(inputs) // len(outputs) * stage.neuron_cycles
            assert logs["o"].times == [(k + 1) * per_output for k in range(len(outputs))]


def results_in(plan: Plan, stage: Stage, words: Ints) -> list[list[int]]:
    """What the accumulators give the neuron units: one sum per fold, or one per plane where the
    neuron runs once per plane.
    """
    if not stage.per_step:
        return in_order(stage, sums(plan, words))
    layer = stage.layer
    assert isinstance(layer, Layer)
    planes = stage.i_code.planes(words)
    steps = [
        in_order(stage, conv(p, layer.weight, layer.stride, layer.padding, layer.groups))
        for p in planes
    ]
    return [row for rows in zip(*steps, strict=True) for row in rows]


@pytest.mark.parametrize("code", [Code(3), Code(3, signed=True), Code(2, 3), Code(4, 1)], ids=str)
@pytest.mark.parametrize(
    "folding",
    [Folding("max", 2, elements=2, windows=1), Folding("max", 4, elements=4, windows=2)],
    ids=str,
)
def test_max_pool(code: Code, folding: Folding) -> None:
    graph = Graph(
        "pool",
        (
            Input("x", (4, 6, 6), (4, 6, 6), code),
            MaxPool("a", "x", (3, 2), (2, 1), (1, 1, 1, 0), np.array([0, 1, 0, 1])),
        ),
    )
    plan = Plan(graph, {"a": folding}, "pynq-z2", 100.0, {}, "none")
    stage, words = (
        plan.stages[0],
        np.random.default_rng(8).integers(0, 1 << code.steps, (2, 4, 6, 6)),
    )
    outputs = in_order(stage, golden.trace(graph, words)["a"])
    count = folding.windows * folding.elements

    class Whole(wiring.Component):
        def __init__(self) -> None:
            self.front, self.head = SourceAndBody(stage), neuron_units(stage)
            super().__init__(
                {
                    "i": In(stream.Signature(folding.group * code.steps)),
                    "o": Out(stream.Signature(count * code.steps)),
                }
            )

        def elaborate(self, platform: object) -> Module:
            m = Module()
            m.submodules.front, m.submodules.head = self.front, self.head
            wiring.connect(m, wiring.flipped(self.i), self.front.i)
            wiring.connect(m, self.front.o, self.head.i)
            wiring.connect(m, self.head.o, wiring.flipped(self.o))
            return m

    for idle, stall in CROSS:
        logs = drive(
            Whole(), {"i": beats(plan, words)}, {"o": len(outputs)}, idle=idle, stall=stall
        )
        assert [unpack(word, code.steps, count) for word in logs["o"].data] == outputs


def test_every_window_and_bank_has_a_queue() -> None:
    plan = one_layer(Raw(None), Folding("event", 4, 2, 1, 6, 2))
    ports = spike_source(plan.stages[0]).outputs
    assert [len(port.payload) for port in ports] == [2] * 4
