"""The processes of a network and the streams between them, in the order in which an image goes
through: what ``top.cpp`` is made of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd, prod

from spikeloom.backend.hls.names import identifiers
from spikeloom.backend.hls.params import stream_address, work_address
from spikeloom.files import hls_templates
from spikeloom.ir.neurons import Neuron
from spikeloom.mapping.plan.counters import WORK
from spikeloom.mapping.plan.plan import Edge, Plan, Stage

DEPTH = 2
"""Of a stream, where more would only smooth."""

AHEAD = 8
"""Images that a process may be ahead of the report of all counters."""


@dataclass(frozen=True)
class Channel:
    """A stream, or ``count`` of them; ``kind`` is its type, ``depth`` its beats."""

    name: str
    kind: str
    depth: int = DEPTH
    count: int = 1


@dataclass(frozen=True)
class Reported:
    """Counters that a process sends at the end of an image: its stream, how many, and the address
    of the first.
    """

    name: str
    count: int
    address: int


@dataclass(frozen=True)
class Placed:
    """A memory of weights, and what it lies in as Vitis names it."""

    name: str
    kind: str


@dataclass
class Network:
    """Everything between the ends. Calls are whole C++ expressions without their semicolon;
    headers those that ``spikeloom.hpp`` does not include.
    """

    channels: list[Channel] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    reported: list[Reported] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)


def network(plan: Plan) -> Network:
    """The processes of a plan."""
    return Wiring(plan).made


def included(header: str) -> bool:
    """Whether ``spikeloom.hpp`` includes a header of its folder."""
    whole = hls_templates() / "include" / "spikeloom" / "spikeloom.hpp"
    return f'#include "{header}.hpp"' in whole.read_text(encoding="utf-8")


def divides(a: int, b: int) -> bool:
    return max(a, b) % min(a, b) == 0


class Wiring:
    """Builds a network node by node; ``inputs`` are the streams that wait for their consumer."""

    def __init__(self, plan: Plan):
        self.plan, self.made, self.names = plan, Network(), identifiers(plan)
        self.inputs: dict[tuple[str, str], str] = {}
        self.receive()
        for stage in plan.stages:
            self.stage(stage)

    def channel(self, name: str, word: str, lanes: int, depth: int = DEPTH) -> str:
        self.made.channels.append(Channel(name, f"Lanes<{word}, {lanes}>", depth))
        return name

    def counters(self, name: str, count: int, address: int) -> str:
        self.made.channels.append(Channel(name, f"Lanes<Count, {count}>", AHEAD))
        self.made.reported.append(Reported(name, count, address))
        return name

    def work(self, name: str, stream: str) -> str:
        return self.counters(stream, len(WORK), work_address(self.plan, name))

    def tally(self, name: str, steps: int) -> str:
        return self.counters(
            f"{self.names[name]}_spikes", 1 + steps, stream_address(self.plan, name)
        )

    def receive(self) -> None:
        """The network's input."""
        source, group = self.plan.graph.input, self.plan.input_group
        name, steps = f"{self.names[source.name]}_o", source.code.steps
        beats = prod(source.shape) // group
        o = self.channel(name, f"ap_uint<{steps}>", group)
        self.made.calls.append(f"receive<{beats}>(s_axis, {o}, {self.tally(source.name, steps)})")
        self.hand_on(source.name, o, f"ap_uint<{steps}>", group)

    def stage(self, stage: Stage) -> None:
        """Source, body and head of one layer, and what brings its words to where they are used."""
        name, f = self.names[stage.name], stage.folding
        count = f.windows * f.elements
        run = f"{name}::planes[run]"
        queues, _ = stage.queues
        self.made.channels.append(
            Channel(f"{name}_q", f"Queue<{name}>::Word", stage.pass_words + 2, queues)
        )
        i = self.inputs[stage.name, "i"]
        source = (
            f"source<{name}>({i}" if stage.body.adds else f"flipped_source<{name}>({i}, {name}_flip"
        )
        self.made.calls.append(f"{source}, {run}, {name}_q)")
        word = (
            f"ap_int<{stage.u_width}>" if stage.o_code is None else f"ap_uint<{stage.o_code.steps}>"
        )
        o = self.channel(f"{name}_side" if f.windows > 1 else f"{name}_o", word, count)
        work = self.work(stage.name, f"{name}_work")
        if stage.neuron is None:
            tally = self.tally(stage.name, stage.i_code.steps)
            self.made.calls.append(f"max_pool<{name}>({name}_q, {name}_flip, {o}, {work}, {tally})")
        else:
            self.made.placed.append(Placed(f"{name}_weights", f.weights))
            results = self.channel(
                f"{name}_v", f"ap_int<{stage.acc_width}>", count, stage.result_depth + 1
            )
            kind = "event" if stage.body.skips else "word"
            self.made.calls.append(
                f"{kind}_body<{name}>({name}_q, {name}_weights, {run}, {results}, {work})"
            )
            self.head(stage, stage.neuron, results, o)
        if f.windows > 1:
            o = self.channel(f"{name}_o", word, f.elements)
            shape = f"{stage.positions}, {stage.folds}, {f.windows}, {f.elements}"
            self.made.calls.append(f"gather<{shape}>({name}_side, {o})")
        self.hand_on(stage.name, o, word, f.elements)

    def head(self, stage: Stage, neuron: Neuron, results: str, o: str) -> None:
        """Residual and neuron."""
        name, count = self.names[stage.name], stage.folding.windows * stage.folding.elements
        taken = self.join(stage, results) if stage.skip_stage is not None else results
        common = f"{name}_beta, {name}_negate"
        steps = f"run, {name}::places[run]"
        if not neuron.fires or stage.o_code is None:
            drives = (
                o
                if stage.o_code is None
                else self.channel(f"{name}_u", f"ap_int<{stage.u_width}>", count)
            )
            self.made.calls.append(f"raw<{name}>({taken}, {common}, {steps}, {drives})")
            if stage.o_code is not None:
                self.made.calls.append(
                    f"planes<{name}>({drives}, {o}, {self.tally(stage.name, stage.o_code.steps)})"
                )
            return
        tally, live = self.tally(stage.name, stage.o_code.steps), f"{name}::live[run]"
        if not included(neuron.function) and neuron.function not in self.made.headers:
            self.made.headers.append(neuron.function)
        numbers = ", ".join(f"{name}_{what}" for what in stage.parameters)
        offset = f", {name}::offset[run]" if neuron.offsets(stage.neurons) else ""
        self.made.calls.append(
            f"{neuron.function}<{name}>({taken}, {common}, {numbers}, {steps}, {live}{offset}, {o},"
            f" {tally})"
        )

    def join(self, stage: Stage, results: str) -> str:
        """The residual on top of the layer's own drive."""
        name, f, skip = self.names[stage.name], stage.folding, stage.skip_stage
        assert skip is not None
        words = self.inputs[stage.name, "skip"]
        if f.windows > 1:
            wide = self.channel(
                f"{name}_skips", f"ap_uint<{skip.i_code.steps}>", f.windows * f.elements
            )
            self.made.calls.append(f"side_by_side<{name}>({words}, {wide})")
            words = wide
        joined = self.channel(f"{name}_joined", f"ap_int<{stage.u_width}>", f.windows * f.elements)
        work = self.work(skip.name, f"{name}_skip_work")
        steps = f"{name}::places[run], {name}::skip_places[run], {name}::skip_planes[run]"
        self.made.calls.append(
            f"join<{name}>({results}, {words}, {name}_turn, {name}_kappa, {steps}, {joined},"
            f" {work})"
        )
        return joined

    def hand_on(self, node: str, o: str, word: str, group: int) -> None:
        """What leaves a node, to everything that reads it."""
        edges: list[Edge | None] = list(self.plan.consumers(node))
        if node == self.plan.graph.output.name:
            edges.append(None)
        branches = [o]
        values = prod(self.plan.graph.shapes[node])
        if len(edges) > 1:
            branches = [
                self.channel(f"{o}_to{k}", word, group, self.depth(edge, group))
                for k, edge in enumerate(edges)
            ]
            self.made.calls.append(f"fork<{values // group}>({o}, {', '.join(branches)})")
        for branch, edge in zip(branches, edges, strict=True):
            wanted = 1 if edge is None else edge.o_group
            found = self.regrouped(branch, edge, word, group, wanted, values)
            if edge is None:
                self.made.calls.append(f"send<{values}>({found}, m_axis)")
            else:
                self.inputs[edge.target, edge.port] = found

    def depth(self, edge: Edge | None, group: int) -> int:
        """A residual waits for the longer branch: all of its map has room, so that nothing can lock
        up, whatever the branch is.
        """
        if edge is None or edge.port == "i":
            return DEPTH
        return prod(self.plan.graph.shapes[edge.source]) // group + DEPTH

    def regrouped(
        self, o: str, edge: Edge | None, word: str, group: int, wanted: int, values: int
    ) -> str:
        """The stream with another number of channels a beat: straight where one divides the other,
        else over the divisor of both.
        """
        middle = [] if divides(group, wanted) else [gcd(group, wanted)]
        for to in [*middle, *([wanted] if wanted != group else [])]:
            regrouped = self.channel(
                f"{o}_by{to}", word, to, self.depth(edge, to) if to == wanted else DEPTH
            )
            call, beats = ("narrow", values // to) if group > to else ("widen", values // group)
            self.made.calls.append(f"{call}<{beats}>({o}, {regrouped})")
            o, group = regrouped, to
        return o
