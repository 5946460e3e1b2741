"""The engine of docs/explanation/engine.md cycle by cycle: registers, valid and ready, nothing
clever. A second opinion on the cycle model.

In each cycle every link works out ``valid`` and ``ready`` from registers, every component decides
from registers and links what it does, and then all registers change at once. Beats carry their
data, which is checked against the golden model at every line buffer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import gcd
from typing import Any

import numpy as np
from spikeloom.ir import golden
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.plan import Plan, Stage

from tests.tick_engine import Array, Head
from tests.tick_streams import Clock, Down, Fifo, Fork, Gather, Link, Side, Sink, Source, Up


class Machine:
    """A whole network under the clock."""

    def __init__(
        self,
        plan: Plan,
        words: Ints,
        wait: bool,
        offers: Sequence[int] | None = None,
        accepts: Callable[[int], int] | None = None,
    ) -> None:
        self.plan, self.trace, self.clock = plan, golden.trace(plan.graph, words), Clock()
        self.links: list[Link] = []
        self.parts: list[Any] = []
        self.arrays: dict[str, Array] = {}
        self.heads: list[Head] = []
        self.producers: dict[str, Link] = {plan.graph.input.name: self.link()}
        ends: dict[tuple[str, str], Link] = {}
        for stage in plan.stages:
            self.stage(stage, ends)
        for node in plan.graph.nodes:
            self.connect(node.name, ends)
        shape, group = plan.graph.input.shape, plan.input_group
        flat = words.transpose(0, 2, 3, 1).reshape(-1, group).tolist()
        beats = [tuple(beat) for beat in flat]
        per_image = int(np.prod(shape)) // group
        self.sink = Sink(
            self.clock,
            self.result,
            int(np.prod(plan.graph.shapes[plan.graph.output.name])),
            accepts,
        )
        self.source = Source(
            self.clock,
            self.producers[plan.graph.input.name],
            beats,
            per_image,
            offers,
            self.sink if wait else None,
        )
        self.parts += [self.sink, self.source]

    def link(self) -> Link:
        self.links.append(Link())
        return self.links[-1]

    def stage(self, stage: Stage, ends: dict[tuple[str, str], Link]) -> None:
        arrays = []
        for engine, port in ((stage, "i"), (stage.skip_stage, "skip")):
            if engine is not None:
                ends[stage.name, port] = self.link()
                array = Array(
                    self.clock, ends[stage.name, port], engine, self.trace[engine.layer.source]
                )
                self.arrays[engine.name] = array
                arrays.append(array)
        out, windows = self.link(), self.link()
        self.heads.append(Head(self.clock, windows, stage, arrays, self.trace[stage.name]))
        f = stage.folding
        self.parts.append(
            Gather(windows, out, stage.folds, f.windows) if f.windows > 1 else Side(windows, out)
        )
        self.producers[stage.name] = out

    def connect(self, name: str, ends: dict[tuple[str, str], Link]) -> None:
        plan, producer = self.plan, self.producers[name]
        targets = [
            (edge.o_group, edge.depth, ends[edge.target, edge.port])
            for edge in plan.consumers(name)
        ]
        if name == plan.graph.output.name:
            self.result = self.link()
            targets.append((1, 0, self.result))
        branches = [self.link() for _ in targets]
        self.parts.append(Fork(producer, branches))
        for branch, (o_group, depth, end) in zip(branches, targets, strict=True):
            i_group = plan.o_group(name)
            common = gcd(i_group, o_group)
            if i_group > common:
                following = self.link()
                self.parts.append(Down(branch, following, i_group // common))
                branch = following
            if o_group > common:
                following = self.link()
                self.parts.append(Up(branch, following, o_group // common))
                branch = following
            if depth:
                self.parts.append(Fifo(branch, end, depth))
            else:
                self.parts.append(Fork(branch, [end]))

    def run(self, bound: int) -> None:
        """Until everything has drained. Raises AssertionError after ``bound`` cycles."""
        images = len(self.trace[self.plan.graph.input.name])
        flight = 0
        self.active = 0
        self.fired: dict[str, Counter[int]] = {name: Counter() for name in self.trace}
        idle = [*self.heads, *self.arrays.values()]
        while (
            len(self.sink.last) < images
            or self.source.sent < len(self.source.beats)
            or not all(part.idle() for part in idle)
        ):
            assert self.clock.now < bound, "the network hangs"
            for link in self.links:
                link.settle()
            for part in [*self.heads, *self.arrays.values()]:
                part.decide()
            if flight:
                self.active += 1
                for array in self.arrays.values():
                    array.count()
            started, ended = len(self.source.first), len(self.sink.last)
            self.count_spikes()
            for part in [*self.parts, *self.heads, *self.arrays.values()]:
                part.step()
            flight += len(self.source.first) - started - (len(self.sink.last) - ended)
            self.clock.now += 1

    def count_spikes(self) -> None:
        """Words that leave their producer, per node."""
        producers = [
            (self.plan.graph.input.name, self.source.out),
            *((head.stage.name, head.out) for head in self.heads),
        ]
        for name, link in producers:
            if link.fired:
                beats = link.value if isinstance(link.value, list) else [link.value]
                self.fired[name].update(word for beat in beats for word in beat)

    def counters(self) -> dict[str, int]:
        found = {"cycles": self.active, "images": len(self.sink.last)}
        for name, array in self.arrays.items():
            found |= {
                f"{name}.{what}": array.counts[what]
                for what in ("busy", "stalled", "starved", "synaptic")
            }
        for name, words in self.fired.items():
            code = self.plan.graph.codes[name]
            if code is not None:
                found[f"{name}.nonzero"] = sum(n for word, n in words.items() if word)
                for t in range(code.steps):
                    found[f"{name}.spikes[{t}]"] = sum(
                        n for word, n in words.items() if word >> (code.steps - 1 - t) & 1
                    )
        return found
