"""The drive u in front of every neuron, for the histograms: what the membrane holds when firing
begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from spikeloom.ir.golden import conv, trace
from spikeloom.ir.graph import Graph, Layer
from spikeloom.ir.neurons import LIF, Raw, SpikePack, Table, per_channel
from spikeloom.ir.number import Ints

Floats = npt.NDArray[np.float64]
BINS = 80
MARKS = 64


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often which drive occurred.

    Attributes
    ----------
    edges, counts: of the bins. marks: thresholds in the same unit. unit: what the axis counts.
    """

    name: str
    edges: Floats
    counts: Ints
    marks: Floats
    unit: str


def drives(graph: Graph, layer: Layer, seen: dict[str, Ints]) -> Ints:
    """u of every time step: (steps, N, C, H, W); one step but where a spike train drives IF or
    LIF.
    """

    def steps(name: str) -> Ints:
        code = graph.code(name)
        return code.planes(seen[name]) if graph.per_step(layer) else code.value(seen[name])[None]

    joined = steps(layer.skip) if layer.skip is not None else None
    result = []
    for t, values in enumerate(steps(layer.source)):
        v = conv(values, layer.weight, layer.stride, layer.padding, layer.groups)
        u = (np.where(per_channel(layer.negate), -v, v) << layer.shift) + per_channel(layer.beta)
        result.append(u if joined is None else u + per_channel(layer.kappa) * joined[t])
    return np.stack(result)


def thinned(marks: Floats) -> Floats:
    """No more marks than a picture can show."""
    return marks[:: -(-len(marks) // MARKS)] if len(marks) > MARKS else marks


def histogram(layer: Layer, u: Ints) -> Histogram:
    """Bins over the range that occurred; channels share an axis by dividing by their own
    threshold.
    """
    neuron = layer.neuron
    if isinstance(neuron, SpikePack):
        rising = replace(neuron.code, signed=False).codebook[1:]
        values, marks, unit = (
            u / per_channel(neuron.theta),
            rising.astype(np.float64),
            "drive u / θ, all channels",
        )
    elif isinstance(neuron, LIF):
        values, marks, unit = (
            u / per_channel(neuron.theta),
            np.ones(1),
            "drive u of each time step / θ, all channels",
        )
    elif isinstance(neuron, Table):
        channel = int(u.astype(np.float64).std(axis=(0, 1, 3, 4)).argmax())
        values, marks = (
            u[:, :, channel].astype(np.float64),
            neuron.thresholds[channel].astype(np.float64),
        )
        unit = f"drive u of channel {channel}"
    else:
        values, marks, unit = u.astype(np.float64), np.empty(0), "output v, all channels"
    counts, edges = np.histogram(values, bins=BINS)
    inside = marks[(marks >= edges[0]) & (marks <= edges[-1])]
    return Histogram(layer.name, edges, counts.astype(np.int64), thinned(inside), unit)


def histograms(graph: Graph, words: Ints) -> Iterator[Histogram]:
    """One for every layer with weights that ends in a neuron, and one for the output; words (N, C,
    H, W).
    """
    seen = trace(graph, words)
    for node in graph.nodes[1:]:
        if isinstance(node, Layer) and not (
            isinstance(node.neuron, Raw) and node.neuron.code is not None
        ):
            yield histogram(node, drives(graph, node, seen))
