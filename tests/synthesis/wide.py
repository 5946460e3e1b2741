"""Bodies and heads as wide as those of large networks: many lanes, many elements, weights of few
bits, in LUTs and in block RAM.

Random networks have narrow ones, whose sums are mostly a single level; what a lane costs in a deep
tree cannot be told from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from amaranth.back import verilog
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw, SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.estimate.bodies import body
from spikeloom.mapping.estimate.components import Part, source
from spikeloom.mapping.estimate.neurons import units
from spikeloom.mapping.plan.plan import Folding, Plan, Stage

from tests.synthesis.chosen import component, one
from tests.synthesis.measuring import hollow


@dataclass(frozen=True)
class Wide:
    """A layer whose output is a map of 1x4: its channels, bits of weights (1: plus or minus one)
    and time steps, its folding, its kernel.

    ``what``: its body, its head, its source, or one of its scans.
    """

    inputs: int
    outputs: int
    weight_bits: int
    steps: int
    folding: Folding
    kernel: int = 1
    what: str = "body"

    @property
    def name(self) -> str:
        f = self.folding
        numbers = f"{f.group}.{f.banks}.{f.ports}.{f.elements}.{f.windows}"
        last = {"body": f.weights, "head": f"n{f.neurons} head"}.get(self.what, self.what)
        kernel = f" k{self.kernel}" if self.kernel > 1 else ""
        return (
            f"wide {f.body} {self.inputs}-{self.outputs}{kernel} w{self.weight_bits} t{self.steps}"
            f" {numbers} {last}"
        )

    @property
    def stage(self) -> Stage:
        rng, zero = np.random.default_rng(0), np.zeros(self.outputs, dtype=np.int64)
        high = 1 << (self.weight_bits - 1)
        shape, image = (
            (self.outputs, self.inputs, self.kernel, self.kernel),
            (self.inputs, self.kernel, self.kernel + 3),
        )
        weight = (
            2 * rng.integers(0, 2, shape) - 1
            if self.weight_bits == 1
            else rng.integers(-high, high, shape)
        )
        pixels = Input("x", image, image, Code(self.steps))
        neuron, beta = Raw(None), zero
        if self.what == "head":
            neuron, beta = (
                SpikePack(Code(self.steps), rng.integers(1, 40, self.outputs), zero),
                rng.integers(-30, 30, self.outputs),
            )
        graph = Graph("wide", (pixels, Layer("wide", "x", weight, neuron, beta, zero, zero)))
        return Plan(graph, {"wide": self.folding}, "pynq-z2", 100.0, {}, "").stages[0]

    @property
    def part(self) -> Part:
        """The body itself, without its scans and its queue of results; or the head; or the source
        without its queues; or one scan.
        """
        parts = {
            "head": units(self.stage, "xc7"),
            "source": source(self.stage, "wide", "source", "xc7"),
        }
        found = parts.get(self.what, body(self.stage, "wide", "body", "xc7"))
        return one(next(part for part in found if part.kind.endswith(self.what)))

    def design(self, name: str) -> tuple[str, str]:
        """Verilog whose inner components are empty, and the name of its top module."""
        made = component(self.stage, self.part.kind)
        text = verilog.convert(made, name=f"{name}_all", emit_src=False, strip_internal_attrs=True)
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
        (64, 64, 2, 2, Folding("dense", 16, elements=16)),
        (64, 64, 2, 2, Folding("parallel", 16, elements=16)),
        (64, 64, 2, 2, Folding("parallel", 32, elements=8, windows=4)),
    )
    found = []
    for k, (inputs, outputs, weight_bits, steps, folding) in enumerate(shapes):
        kinds = ("block", "lut") if k % 3 == 0 else ("block",) if k % 2 == 0 else ("lut",)
        found += [
            Wide(inputs, outputs, weight_bits, steps, replace(folding, weights=kind))
            for kind in kinds
        ]
    return (*found, *convolutions(), *others())


def convolutions() -> Iterator[Wide]:
    """Bodies with a row of zeros, which these have since their rows are no power of two."""
    for outputs, weight_bits, steps, folding, weights in (
        (64, 2, 2, event(64, 4, 1, 16), "block"),
        (64, 2, 2, event(64, 4, 1, 64), "lut"),
        (64, 2, 2, event(64, 2, 2, 32, 2), "block"),
        (64, 2, 2, event(64, 16, 1, 16), "block"),
        (32, 4, 4, event(64, 4, 2, 32), "block"),
        (64, 1, 1, event(64, 8, 2, 16), "block"),
    ):
        yield Wide(64, outputs, weight_bits, steps, replace(folding, weights=weights), kernel=3)


def others() -> Iterator[Wide]:
    """Heads that choose from many results, scans of many flags, and sources of wide beats."""
    for outputs, weight_bits, steps, folding in (
        (64, 2, 2, Folding("event", 64, elements=64, neurons=8)),
        (64, 2, 2, Folding("event", 64, elements=16, neurons=4)),
        (64, 1, 1, Folding("event", 64, elements=32, neurons=8)),
        (32, 4, 4, Folding("event", 64, elements=16, windows=2, neurons=4)),
        (32, 4, 4, Folding("event", 64, elements=32, neurons=2)),
        (32, 2, 3, Folding("dense", 64, elements=16, neurons=16)),
    ):
        yield Wide(64, outputs, weight_bits, steps, folding, what="head")
    for banks, ports, weight_bits in (
        (16, 1, 2),
        (8, 2, 2),
        (4, 1, 2),
        (4, 2, 1),
        (2, 1, 2),
        (2, 2, 2),
        (1, 2, 2),
    ):
        yield Wide(64, 64, weight_bits, 2, event(64, banks, ports, 16), kernel=3, what="scan")
    for steps, folding in (
        (2, event(64, 4, 1, 16)),
        (4, event(64, 4, 2, 16, 2)),
        (2, Folding("dense", 16, elements=16)),
        (2, Folding("parallel", 32, elements=8, windows=4)),
        (1, event(32, 8, 1, 16)),
    ):
        yield Wide(64, 64, 2, steps, folding, kernel=3, what="source")
