"""The drive u in front of every neuron, for the histograms: what the membrane holds when firing
begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.ir.golden import trace
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Neuron, Raw, SpikePack, Thresholds, per_channel
from spikeloom.ir.nodes import Layer
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


def thinned(marks: Floats) -> Floats:
    """No more marks than a picture can show."""
    return marks[:: -(-len(marks) // MARKS)] if len(marks) > MARKS else marks


Axis = tuple[Floats, Floats, str]
"""Values, marks among them, and what they count."""


def spikepack_axis(neuron: SpikePack, u: Ints) -> Axis:
    rising = replace(neuron.code, signed=False).codebook[1:]
    scaled = u / per_channel(neuron.theta)
    return scaled, rising.astype(np.float64), "drive u / θ, all channels"


def thresholds_axis(neuron: Thresholds, u: Ints) -> Axis:
    """Of the channel whose drive varies most: each has thresholds of its own."""
    channel = int(u.astype(np.float64).std(axis=(0, 1, 3, 4)).argmax())
    values, marks = u[:, :, channel], neuron.thresholds[channel]
    return values.astype(np.float64), marks.astype(np.float64), f"drive u of channel {channel}"


def lif_axis(neuron: LIF, u: Ints) -> Axis:
    return (
        u / per_channel(neuron.theta),
        np.ones(1),
        "drive u of each time step / θ, all channels",
    )


def plain_axis(neuron: Neuron, u: Ints) -> Axis:
    """Of a kind that has no row."""
    return u.astype(np.float64), np.empty(0), "drive u, all channels"


def raw_axis(neuron: Raw, u: Ints) -> Axis:
    return u.astype(np.float64), np.empty(0), "output v, all channels"


AXES: dict[type[Neuron], Callable[[Any, Ints], Axis]] = {
    SpikePack: spikepack_axis,
    Thresholds: thresholds_axis,
    LIF: lif_axis,
    Raw: raw_axis,
}
"""What the histogram of each kind of neuron shows of drives (steps, N, C, H, W)."""


def histogram(layer: Layer, u: Ints) -> Histogram:
    """Bins over the range that occurred; channels share an axis by dividing by their own
    threshold.
    """
    values, marks, unit = AXES.get(type(layer.neuron), plain_axis)(layer.neuron, u)
    counts, edges = np.histogram(values, bins=BINS)
    inside = marks[(marks >= edges[0]) & (marks <= edges[-1])]
    return Histogram(layer.name, edges, counts.astype(np.int64), thinned(inside), unit)


def histograms(graph: Graph, words: Ints) -> Iterator[Histogram]:
    """One for every layer with weights that ends in a neuron, and one for the output; words (N, C,
    H, W).
    """
    seen = trace(graph, words)
    for layer in graph.layers:
        if layer.neuron.fires or layer.neuron.code is None:
            words_in = [seen[source] for source in layer.inputs]
            yield histogram(layer, layer.drives(words_in, graph.formats(layer)))
