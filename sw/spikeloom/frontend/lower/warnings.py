"""What a user should know about a network that is right all the same: neurons that never change,
and tables that cost much.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from spikeloom.frontend.lower.fit import max_shift
from spikeloom.frontend.lower.neurons import reach
from spikeloom.ir.exact import Quantizer, Relu, Source, SourceLayer, Threshold
from spikeloom.ir.graph import Graph, Layer
from spikeloom.ir.neurons import LIF, Table
from spikeloom.ir.number import Code, Ints
from spikeloom.ir.staircase import Staircase
from spikeloom.mapping.estimate.memories import table
from spikeloom.mapping.plan.plan import signed_width

LARGE_TABLE = 1_000
"""LUTs from which a threshold table is worth a word."""

LISTED = 8
"""Channels that are named one by one."""


def notes(graph: Graph, source: Source, stairs: dict[str, Staircase]) -> tuple[str, ...]:
    """One line each, in the order of the layers."""
    sources = {node.name: node for node in source.nodes if isinstance(node, SourceLayer)}
    return tuple(
        note
        for layer in graph.nodes
        if isinstance(layer, Layer)
        for note in _of(graph, layer, sources[layer.name], stairs)
    )


def _of(
    graph: Graph, layer: Layer, source: SourceLayer, stairs: dict[str, Staircase]
) -> Iterator[str]:
    activation = source.activation
    if isinstance(activation, Quantizer):
        stair = stairs[layer.name]
        if stair.constant.any():
            yield _quantizer_note(source, activation, stair)
        if isinstance(layer.neuron, Table):
            yield from _table_note(layer, layer.neuron, activation, stair)
    elif isinstance(activation, Threshold) and isinstance(layer.neuron, LIF):
        yield from _spiking_note(graph, layer, layer.neuron, activation)


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


def _spiking_note(graph: Graph, layer: Layer, neuron: LIF, activation: Threshold) -> Iterator[str]:
    """IF and LIF neurons that cannot reach their threshold, not even if all currents add up."""
    if layer.skip is not None:
        return
    code = graph.code(layer.source)
    low, high = reach(layer.weight, Code(1) if graph.per_step(layer) else code)
    most = (np.where(layer.negate, -low, high) << layer.shift) + layer.beta
    silent = np.flatnonzero(np.maximum(most, 0) * neuron.code.steps < neuron.theta)
    if silent.size:
        which = _which(silent, len(most))
        yield (
            f"{layer.name}: {which} of {activation.name} can never fire; lower the threshold, or"
            " check the weights in front of it"
        )


def _table_note(
    layer: Layer, neuron: Table, activation: Quantizer, stairs: Staircase
) -> Iterator[str]:
    """A threshold table that is large, why it had to be one, and what it costs."""
    channels, count = neuron.thresholds.shape
    lut = table(
        signed_width(int(np.abs(neuron.thresholds).max())),
        channels << neuron.code.steps,
        registered=False,
    ).logic
    if lut < LARGE_TABLE:
        return
    if neuron.code.base > 2:
        why, way = (
            f"values nearest in a code of tau = {neuron.code.base} are no serial neuron",
            "take tau = 2",
        )
    else:
        why = (
            f"no evenly spaced thresholds take exactly its steps with the {max_shift(stairs)}"
            " fraction bits there is room for"
        )
        way = "train with power-of-two scales (power_of_two=True)"
    yield (
        f"{layer.name}: {activation.name} became a table of {channels} x {count} thresholds, about"
        f" {lut} LUT, since {why}; {way}, or use fewer time steps"
    )
