"""Bodies and heads as wide as those of large networks: many lanes, many elements, weights of few bits, in LUTs and in block RAM.

Random networks have narrow ones, whose sums are mostly a single level; what a lane costs in a deep tree cannot be told from them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from amaranth.back import verilog
from spikeloom.code import Code
from spikeloom.estimate.head import units
from spikeloom.estimate.parts import Part, body
from spikeloom.graph import Graph, Input, Layer
from spikeloom.neuron import Raw, SpikePack
from spikeloom.plan import Folding, Plan, Stage
from spikeloom_hw.accumulator import Accumulator
from spikeloom_hw.head import Head

from tests.synthesis.measuring import hollow


@dataclass(frozen=True)
class Wide:
    """A layer of a 1x4 map with kernel 1x1: its channels, bits of weights (1: plus or minus one) and time steps, and its folding."""

    inputs: int
    outputs: int
    weight_bits: int
    steps: int
    folding: Folding
    head: bool = False

    @property
    def name(self) -> str:
        f = self.folding
        numbers = f"{f.group}.{f.banks}.{f.ports}.{f.elements}.{f.windows}"
        last = f"n{f.neurons} head" if self.head else f.weights
        return f"wide {f.body} {self.inputs}-{self.outputs} w{self.weight_bits} t{self.steps} {numbers} {last}"

    @property
    def stage(self) -> Stage:
        rng, zero = np.random.default_rng(0), np.zeros(self.outputs, dtype=np.int64)
        high = 1 << (self.weight_bits - 1)
        shape = (self.outputs, self.inputs, 1, 1)
        weight = 2 * rng.integers(0, 2, shape) - 1 if self.weight_bits == 1 else rng.integers(-high, high, shape)
        source = Input("x", (self.inputs, 1, 4), (self.inputs, 1, 4), Code(self.steps))
        neuron, beta = Raw(None), zero
        if self.head:
            neuron, beta = SpikePack(Code(self.steps), rng.integers(1, 40, self.outputs), zero), rng.integers(-30, 30, self.outputs)
        graph = Graph("wide", (source, Layer("wide", "x", weight, neuron, beta, zero, zero)))
        return Plan(graph, {"wide": self.folding}, "pynq-z2", 100.0, {}, "").stages[0]

    @property
    def part(self) -> Part:
        """The body itself, without its scans and its queue of results, or the head."""
        if self.head:
            return units(self.stage, "xc7")
        return next(part for part in body(self.stage, "wide", "body", "xc7") if part.kind.endswith("body"))

    def design(self, name: str) -> tuple[str, str]:
        """Verilog whose inner components are empty, and the name of its top module."""
        component = Head(self.stage) if self.head else Accumulator(self.stage)
        text = verilog.convert(component, name=f"{name}_all", emit_src=False, strip_internal_attrs=True)
        return hollow(text, f"{name}_all", name), name


def event(group: int, banks: int, ports: int, elements: int, windows: int = 1) -> Folding:
    return Folding("event", group, banks, ports, elements, windows)


def wide() -> tuple[Wide, ...]:
    """All that are measured."""
    shapes = (
        (64, 64, 2, 2, event(32, 4, 2, 16)),
        (64, 64, 2, 2, event(32, 4, 1, 32)),
        (64, 32, 2, 2, event(64, 8, 2, 8)),
        (64, 32, 4, 4, event(32, 2, 2, 16)),
        (64, 64, 1, 1, event(64, 16, 1, 8)),
        (64, 32, 2, 2, event(32, 2, 1, 8, 2)),
        (64, 64, 2, 2, Folding("dense", 32, elements=8)),
        (64, 32, 4, 4, Folding("dense", 16, elements=8)),
        (64, 64, 1, 1, Folding("dense", 16, elements=16)),
        (64, 32, 2, 2, Folding("dense", 8, elements=8, windows=2)),
        (64, 64, 2, 2, Folding("parallel", 32, elements=8)),
        (64, 32, 4, 4, Folding("parallel", 16, elements=4)),
        (64, 64, 1, 1, Folding("parallel", 16, elements=16)),
        (64, 32, 2, 4, Folding("parallel", 8, elements=8, windows=2)),
        (12, 64, 2, 8, Folding("parallel", 3, elements=8)),
        (64, 64, 2, 2, event(64, 4, 1, 64)),
        (64, 64, 2, 2, event(64, 2, 2, 32, 2)),
        (64, 64, 2, 2, event(64, 16, 1, 16)),
        (64, 32, 4, 4, event(64, 4, 2, 32)),
        (64, 64, 2, 2, Folding("dense", 16, elements=16)),
        (64, 64, 2, 2, Folding("parallel", 16, elements=16)),
        (64, 64, 2, 2, Folding("parallel", 32, elements=8, windows=4)),
    )
    found = []
    for k, (inputs, outputs, weight_bits, steps, folding) in enumerate(shapes):
        kinds = ("block", "lut") if k % 3 == 0 else ("block",) if k % 2 == 0 else ("lut",)
        found += [Wide(inputs, outputs, weight_bits, steps, replace(folding, weights=kind)) for kind in kinds]
    heads = (
        (64, 2, 2, Folding("event", 64, elements=64, neurons=8)),
        (64, 2, 2, Folding("event", 64, elements=16, neurons=4)),
        (64, 1, 1, Folding("event", 64, elements=32, neurons=8)),
        (32, 4, 4, Folding("event", 64, elements=16, windows=2, neurons=4)),
        (32, 4, 4, Folding("event", 64, elements=32, neurons=2)),
        (32, 2, 3, Folding("dense", 64, elements=16, neurons=16)),
    )
    return (*found, *(Wide(64, outputs, weight_bits, steps, folding, head=True) for outputs, weight_bits, steps, folding in heads))
