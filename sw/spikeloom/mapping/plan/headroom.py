"""Room for other weights: how large the numbers of a layer may become when they are loaded at run
time.

Widths are computed from a layer's weights; where these can change, from what they may become.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from spikeloom.errors import CapacityError, UnsupportedError
from spikeloom.ir.graph import Graph
from spikeloom.ir.nodes import Layer

SHIFT_ROOM = 2
"""Fraction bits added, so that a retrained layer that needs finer steps still fits."""

BOUND_ROOM = 2
"""Bits that thresholds, biases and residual factors may grow by."""


@dataclass(frozen=True)
class Room:
    """Largest magnitudes of a layer's numbers; ``weight_width`` in bits, two's complement."""

    weight_width: int
    beta_bound: int
    theta_bound: int
    kappa_bound: int


def room_for(layer: Layer) -> Room:
    """What a layer is given: the width of its weights, and ``BOUND_ROOM`` bits more than its other
    numbers need.
    """

    def bound(bits: int) -> int:
        return (1 << (bits + BOUND_ROOM)) - 1

    beta = max(int(np.abs(layer.beta).max()).bit_length(), layer.shift + 2)
    kappa = int(np.abs(layer.kappa).max()).bit_length()
    return Room(
        layer.weight_width,
        bound(beta),
        bound(layer.neuron.theta_bound.bit_length()),
        bound(kappa) if layer.skip else 0,
    )


def scaled(layer: Layer, bits: int) -> Layer:
    """The same layer with so many more fraction bits: every comparison is multiplied by 2^bits on
    both sides, so no spike changes.

    Raises UnsupportedError where that does not hold.
    """
    if bits == 0:
        return layer
    if not layer.neuron.scalable:
        raise UnsupportedError(
            f"{layer.name}: its fraction bits are fixed, and the hardware has {bits} more; compile"
            " this network anew"
        )
    return replace(
        layer,
        neuron=layer.neuron.scaled(bits),
        shift=layer.shift + bits,
        beta=layer.beta << bits,
        kappa=layer.kappa << bits,
    )


def with_room(graph: Graph) -> tuple[Graph, dict[str, Room]]:
    """The same network with spare fraction bits, and the room of each of its layers."""
    layers = {
        layer.name: scaled(layer, SHIFT_ROOM if layer.neuron.scalable else 0)
        for layer in graph.layers
    }
    return with_layers(graph, layers), {name: room_for(layer) for name, layer in layers.items()}


def with_layers(graph: Graph, layers: Mapping[str, Layer]) -> Graph:
    """The network with other layers in the place of those of the same name."""
    nodes = tuple(layers.get(node.name, node) for node in graph.nodes)
    return replace(graph, nodes=nodes)


def fit_layer(old: Layer, new: Layer, room: Room) -> Layer:
    """``new`` with the fraction bits of ``old``, its place on the hardware. Raises SpikeLoomError
    where it is too large.
    """
    if new.shift > old.shift:
        raise CapacityError(
            f"{old.name}: needs {new.shift} fraction bits, the hardware has {old.shift}; compile"
            " this network anew"
        )
    found = scaled(new, old.shift - new.shift)
    bounds = (
        ("weights", found.weight_width, room.weight_width, "bits"),
        ("biases", int(np.abs(found.beta).max()), room.beta_bound, "at most"),
        ("thresholds", found.neuron.theta_bound, room.theta_bound, "at most"),
        ("residual factors", int(np.abs(found.kappa).max()), room.kappa_bound, "at most"),
    )
    for what, value, limit, unit in bounds:
        if value > limit:
            raise CapacityError(
                f"{old.name}: {what} of {value} do not fit the hardware's {limit} ({unit}); compile"
                " this network anew"
            )
    return found


def signature(layer: Layer) -> tuple[object, ...]:
    """What two layers must share to run on the same hardware, but for their numbers."""
    return (
        layer.name,
        layer.source,
        layer.skip,
        layer.weight.shape,
        layer.stride,
        layer.padding,
        layer.groups,
        layer.neuron.hardware,
    )


def fitted(hardware: Graph, rooms: dict[str, Room], graph: Graph) -> Graph:
    """``graph`` as it runs on hardware made for another one of the same shape.

    Raises SpikeLoomError naming the first node that differs, or that is too large for its place.
    """
    if len(hardware.nodes) != len(graph.nodes):
        raise UnsupportedError(
            f"{graph.name}: has {len(graph.nodes)} nodes, the hardware {len(hardware.nodes)};"
            " compile this network anew"
        )
    old_layers = {layer.name: layer for layer in hardware.layers}
    new_layers = {layer.name: layer for layer in graph.layers}
    found = {}
    for old, new in zip(hardware.nodes, graph.nodes, strict=True):
        before, after = old_layers.get(old.name), new_layers.get(new.name)
        if before is None or after is None:
            if not same(old, new):
                raise UnsupportedError(
                    f"{old.name}: expected {old}, found {new}; compile this network anew"
                )
            continue
        if signature(before) != signature(after):
            raise UnsupportedError(
                f"{old.name}: expected {signature(before)}, found {signature(after)}; compile this"
                " network anew"
            )
        found[old.name] = fit_layer(before, after, rooms[old.name])
    return with_layers(graph, found)


def same(old: object, new: object) -> bool:
    """Whether two nodes other than layers are the same hardware; the scale of an input is the
    host's business.
    """
    if type(old) is not type(new):
        return False
    skip = {"scale", "zero_point"}
    return all(
        np.array_equal(a, b)
        for key, a in vars(old).items()
        if key not in skip
        for b in [vars(new)[key]]
    )
