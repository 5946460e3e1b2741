"""What a user should know about a network that is right all the same: neurons that never change,
and tables that cost much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from spikeloom.frontend.lower.fit import max_shift
from spikeloom.ir.exact import Quantizer, Relu, Source, SourceLayer, Threshold
from spikeloom.ir.graph import Graph
from spikeloom.ir.nodes import Layer
from spikeloom.ir.number import Code, Ints
from spikeloom.ir.ranges import reach
from spikeloom.ir.staircase import Staircase

LISTED = 8
"""Channels that are named one by one."""


def notes(graph: Graph, source: Source, stairs: dict[str, Staircase]) -> tuple[str, ...]:
    """One line each, in the order of the layers."""
    sources = {layer.name: layer for layer in source.layers}
    return tuple(
        note for layer in graph.layers for note in _of(graph, layer, sources[layer.name], stairs)
    )


def _of(
    graph: Graph, layer: Layer, source: SourceLayer, stairs: dict[str, Staircase]
) -> Iterator[str]:
    activation = source.activation
    if isinstance(activation, Quantizer) and stairs[layer.name].constant.any():
        yield _quantizer_note(source, activation, stairs[layer.name])
    elif isinstance(activation, Threshold):
        yield from _spiking_note(graph, layer, activation)


@dataclass(frozen=True)
class Tabled:
    """A layer whose activation became a table of thresholds.

    Attributes
    ----------
    layer, activation: their names. channels, count: thresholds. width: bits of one. steps: T.
    why: it had to be one. way: what to do about it.
    """

    layer: str
    activation: str
    channels: int
    count: int
    width: int
    steps: int
    why: str
    way: str


def tabled(graph: Graph, source: Source, stairs: dict[str, Staircase]) -> tuple[Tabled, ...]:
    """The layers that became tables of thresholds, in order."""
    sources = {layer.name: layer for layer in source.layers}
    found = []
    for layer in graph.layers:
        if not layer.neuron.tabled:
            continue
        activation, neuron, code = sources[layer.name].activation, layer.neuron, layer.neuron.code
        assert activation is not None and code is not None
        theta = neuron.parameters([neuron], 0)["theta"]
        channels, count = theta.values.shape
        if code.plain or code.spike_train:
            why = (
                "no evenly spaced thresholds take exactly its steps with the"
                f" {max_shift(stairs[layer.name])} fraction bits there is room for"
            )
            way = "train with power-of-two scales (power_of_two=True)"
        else:
            why = f"values nearest in a code of tau = {code.base} are no serial neuron"
            way = "take tau = 2"
        found.append(
            Tabled(layer.name, activation.name, channels, count, theta.width, code.steps, why, way)
        )
    return tuple(found)


def _which(found: Ints, channels: int) -> str:
    """Which neurons of a layer: all, or the channels by number."""
    if len(found) == channels:
        return f"all {channels} neurons" if channels > 1 else "the neuron"
    more = ", ..." if len(found) > LISTED else ""
    return (
        f"{len(found)} of {channels} neurons (channel{'s' * (len(found) > 1)}"
        f" {', '.join(map(str, found[:LISTED]))}{more})"
    )


def _quantizer_note(source: SourceLayer, activation: Quantizer, stairs: Staircase) -> str:
    """Constant neurons: the same answer over the whole range that weights and inputs can reach."""
    dead = np.flatnonzero(stairs.constant)
    words = activation.code.codebook[stairs.constant_rank[dead]]
    answers = {
        float(activation.gain[c] * int(w) + activation.offset[c])
        for c, w in zip(dead, words, strict=True)
    }
    always = f"{answers.pop():g}" if len(answers) == 1 else "one answer each"
    if activation.code.steps == 1 and any(isinstance(step, Relu) for step in source.chain):
        way = (
            "one bit behind a Relu has no second answer: quantize to 2 bits or more, or leave out"
            " the Relu"
        )
    else:
        way = "check scale, bias and batch norm in front, or prune"
    return (
        f"{source.name}: {_which(dead, len(stairs.low))} of {activation.name} cannot change,"
        f" {always} whatever comes in; {way}"
    )


def _spiking_note(graph: Graph, layer: Layer, activation: Threshold) -> Iterator[str]:
    """IF and LIF neurons that cannot reach their threshold, not even if all currents add up."""
    if layer.skip is not None:
        return
    code = graph.code(layer.source)
    low, high = reach(layer.weight, Code(1) if graph.per_step(layer) else code)
    most = (np.where(layer.negate, -low, high) << layer.shift) + layer.beta
    silent = layer.neuron.unreachable(most)
    if silent.size:
        which = _which(silent, len(most))
        yield (
            f"{layer.name}: {which} of {activation.name} can never fire; lower the threshold, or"
            " check the weights in front of it"
        )
