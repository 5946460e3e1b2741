"""Random nodes for :mod:`tests.networks`, each calibrated on the words that really reach it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Neuron, Raw, SpikePack, Thresholds, per_channel
from spikeloom.ir.nodes import Input, Layer, MaxPool, Node, SumPool
from spikeloom.ir.number import Code, Ints
from spikeloom.mapping.plan.plan import Folding, Plan

T = TypeVar("T")
Rng = np.random.Generator

MAX_SIDE = 8
MAX_WORK = 60_000
"""Bound on positions x taps x inputs x planes x ceil(outputs / 4) of one layer, so that simulations
stay short.
"""

STEPS = (0.12, 0.16, 0.18, 0.2, 0.1, 0.08, 0.06, 0.1)
"""How often T = 1..8 comes up."""


def pick(rng: Rng, items: Sequence[T], p: Sequence[float] | None = None) -> T:
    return items[int(rng.choice(len(items), p=p))]


def chance(rng: Rng, p: float) -> bool:
    return bool(rng.random() < p)


def random_steps(rng: Rng) -> int:
    return 1 + int(rng.choice(8, p=STEPS))


def random_code(rng: Rng, steps: int) -> Code:
    base = pick(rng, (2, 3, 4), (0.65, 0.2, 0.15))
    return Code(steps, base, signed=base == 2 and chance(rng, 0.2))


def random_words(rng: Rng, graph: Graph, count: int, density: float | None = None) -> Ints:
    """Input words (count, C, H, W) with that share of set bits; without a density each image has
    its own, 0 and 1 among them.
    """
    source = graph.input
    shape = (source.code.steps, count, *source.shape)
    share = (
        np.full(count, density)
        if density is not None
        else rng.choice((0.0, 0.1, 0.25, 0.5, 0.9, 1.0), size=count)
    )
    return source.code.pack((rng.random(shape) < share.reshape(1, -1, 1, 1, 1)).astype(np.int64))


def plain_folding(graph: Graph, node: Node) -> Folding:
    """The folding with one of everything."""
    return Folding({MaxPool: "max", SumPool: "depthwise"}.get(type(node), "event"), 1)


def plan_of(graph: Graph, foldings: dict[str, Folding]) -> Plan:
    return Plan(graph, foldings, "pynq-z2", 100.0, {}, "none")


class Builder:
    """A graph under construction, and the words of every node on a few random images."""

    def __init__(self, rng: Rng, first: Input, spiking: bool) -> None:
        self.rng = rng
        self.spiking = spiking  # mostly IF and LIF rather than SpikePack
        self.nodes: list[Node] = [first]
        self.seen = {first.name: random_words(rng, self.graph, 6)}

    @property
    def graph(self) -> Graph:
        return Graph("random", tuple(self.nodes))

    @property
    def name(self) -> str:
        return f"n{len(self.nodes)}"

    @property
    def last(self) -> str:
        return self.nodes[-1].name

    def add(self, node: Layer | MaxPool | SumPool) -> str:
        """Append a node. Raises SpikeLoomError if it is not legal, too much work, or always answers
        the same.
        """
        graph = Graph("random", (*self.nodes, node))
        source, shape = graph.code(node.source), graph.shapes[node.name]
        if max(shape[1:]) > MAX_SIDE:
            raise SpikeLoomError(f"{node.name}: map {shape} grew too large")
        if isinstance(node, Layer):
            synapses = int(np.prod(node.weight.shape[1:])) * -(-shape[0] // 4)
            if shape[1] * shape[2] * synapses * source.steps > MAX_WORK:
                raise SpikeLoomError(f"{node.name}: too much work")
        words = node.compute([self.seen[source] for source in node.inputs], graph.formats(node))
        stage = plan_of(graph, {n.name: plain_folding(graph, n) for n in graph.nodes[1:]})[
            node.name
        ]
        _ = stage.skip_stage
        if words.min() == words.max() and not chance(self.rng, 0.05):
            raise SpikeLoomError(f"{node.name}: all outputs are the same")
        self.nodes.append(node)
        self.seen[node.name] = words
        return node.name

    def layer(
        self,
        weight: Ints,
        source: str | None = None,
        skip: str | None = None,
        groups: int = 1,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int, int, int] = (0, 0, 0, 0),
        last: bool = False,
    ) -> str:
        """Append a layer with these synapses and everything else random."""
        rng, graph, outputs, source = (
            self.rng,
            self.graph,
            int(weight.shape[0]),
            source or self.last,
        )
        zero = np.zeros(outputs, dtype=np.int64)
        shift = int(rng.integers(1, 5)) if chance(rng, 0.5) else 0
        negate = rng.integers(0, 2, outputs) if chance(rng, 0.3) else zero
        bare = Layer(
            self.name, source, weight, Raw(None), zero, negate, zero, shift, stride, padding, groups
        )
        trial = Graph("random", (*self.nodes, bare))
        _ = trial.shapes  # raises where the kernel does not fit
        drive = bare.compute([self.seen[source]], trial.formats(bare))
        kappa = zero
        if skip is not None:
            code = graph.code(skip)
            values = code.value(self.seen[skip])
            if values.shape != drive.shape:
                raise SpikeLoomError(f"{self.name}: skip {skip} has another shape")
            size = np.maximum(
                1, np.abs(drive).max(axis=(0, 2, 3)) // (2 * max(code.max_value, -code.min_value))
            )
            kappa = rng.integers(-size, size + 1)
            drive = drive + per_channel(kappa) * values
        neuron, beta = self.neuron(source, skip, drive, shift, last)
        return self.add(
            Layer(
                self.name,
                source,
                weight,
                neuron,
                beta,
                negate,
                kappa,
                shift,
                stride,
                padding,
                groups,
                skip,
            )
        )

    def neuron(
        self, source: str, skip: str | None, drive: Ints, shift: int, last: bool
    ) -> tuple[Neuron, Ints]:
        """A random neuron and its beta, given the drive (N, O, H, W) without beta."""
        rng, code, outputs = self.rng, self.graph.code(source), drive.shape[1]
        flat = np.sort(np.moveaxis(drive, 1, 0).reshape(outputs, -1), axis=1)
        if last and chance(rng, 0.65):
            return Raw(None), rng.integers(-50, 51, outputs) * int(chance(rng, 0.7))
        if chance(rng, 0.8 if self.spiking else 0.1):
            joined = self.graph.code(skip) if skip is not None else code
            if code.base != 1:
                return self.lif(flat, random_steps(rng), 1)
            if (joined.base, joined.steps) == (1, code.steps):
                return self.lif(flat, code.steps, code.steps)
        return self.table(flat) if chance(rng, 0.2) else self.spikepack(flat, shift)

    def spikepack(self, flat: Ints, shift: int) -> tuple[Neuron, Ints]:
        """Thresholds that spread the drives (O, samples) over the codebook; some on one grid, so
        that ties come up.
        """
        rng, outputs = self.rng, len(flat)
        code = random_code(rng, random_steps(rng))
        low, high = flat[:, flat.shape[1] // 10], flat[:, -1 - flat.shape[1] // 10]
        theta = np.maximum(
            1, (high - low) * rng.uniform(0.4, 1.5, outputs) / (code.max_value - code.min_value)
        ).astype(np.int64)
        beta = -low - (theta * rng.uniform(-1.5, 1, outputs)).astype(np.int64)
        tie = np.zeros(outputs, dtype=np.int64)
        if chance(rng, 0.4):
            tie, unit = rng.integers(0, 2, outputs), 1 << shift
            theta = np.where(tie, np.maximum(1, theta // unit) * unit, theta)
            beta = np.where(
                tie, beta // unit * unit + (rng.random(outputs) < 0.7) * (theta // 2), beta
            )
        extreme = rng.random(outputs) < 0.03
        return (
            SpikePack(
                code, np.where(extreme, pick(rng, (1, 3, int(np.abs(flat).max()) + 1)), theta), tie
            ),
            beta,
        )

    def table(self, flat: Ints) -> tuple[Neuron, Ints]:
        rng, outputs = self.rng, len(flat)
        code = random_code(rng, int(rng.integers(1, 6)))
        drawn = np.take_along_axis(
            flat, rng.integers(0, flat.shape[1], (outputs, (1 << code.steps) - 1)), axis=1
        )
        beta = rng.integers(-20, 21, outputs)
        return (
            Thresholds(
                code, np.sort(drawn + beta[:, None] + rng.integers(-1, 2, drawn.shape), axis=1)
            ),
            beta,
        )

    def lif(self, flat: Ints, steps: int, share: int) -> tuple[Neuron, Ints]:
        """IF or LIF for currents of ``flat / share`` each."""
        rng, outputs = self.rng, len(flat)
        theta = np.maximum(
            1, (np.abs(flat).mean(axis=1) / share * rng.uniform(0.3, 3, outputs)).astype(np.int64)
        )
        middle = flat[:, flat.shape[1] // 2] // share
        beta = (theta * rng.uniform(-0.2, 0.7, outputs)).astype(np.int64) - np.minimum(middle, 0)
        return LIF(Code(steps, 1), theta, int(rng.integers(0, 4)), chance(rng, 0.5)), beta

    def weights(self, outputs: int, inputs: int, kernel: tuple[int, int]) -> Ints:
        """Random weights of a random width; width 1 is +-1, and the most negative weight of every
        other width is in it.
        """
        rng, shape, width = self.rng, (outputs, inputs, *kernel), int(self.rng.integers(1, 9))
        if width == 1:
            return 2 * rng.integers(0, 2, shape) - 1
        low = -(1 << (width - 1))
        weight = rng.integers(low, -low, shape) * (rng.random(shape) < pick(rng, (1.0, 0.7)))
        weight.flat[int(rng.integers(weight.size))] = low
        return weight
