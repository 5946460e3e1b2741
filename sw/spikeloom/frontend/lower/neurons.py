"""The pass that turns exact source layers into integer layers: staircases are fitted, IF and LIF
neurons are frozen.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import cast

import numpy as np

from spikeloom.errors import CapacityError, UnsupportedError
from spikeloom.frontend.lower.fit import fit
from spikeloom.ir.exact import Affine, Linear, Quantizer, Source, SourceLayer, Threshold
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Raw
from spikeloom.ir.nodes import Layer, Node
from spikeloom.ir.number import Code
from spikeloom.ir.ranges import reach
from spikeloom.ir.staircase import Drive, Rationals, Staircase, Tick, silent, staircase, where

LIF_BITS = 24
"""Bits of a frozen membrane, so that a float32 executor computes it exactly."""

MEMBRANE_BITS = 40
"""Bits of any parameter of an IF or LIF neuron."""

LIF_THRESHOLD = 4096
"""A frozen threshold is at least this large, where the width allows: rounding and the floor of the
leak then cost next to nothing.
"""

MAX_STAIRS = 1 << 28
"""Steps of a layer's staircases, over all channels and values of a residual."""


@dataclass(frozen=True, eq=False)
class Lowered:
    """The integer network, and the staircases it has to follow (by layer name)."""

    graph: Graph
    stairs: dict[str, Staircase]


def _layer(
    linear: Linear, neuron: Layer, alive: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Layer:
    """The same layer with the geometry of ``linear`` and no weights in dead channels."""
    weight = np.where(alive[:, None, None, None], linear.weight, 0)
    return Layer(
        linear.name,
        linear.source,
        weight,
        neuron.neuron,
        neuron.beta,
        neuron.negate,
        neuron.kappa,
        neuron.shift,
        linear.stride,
        linear.padding,
        linear.groups,
        neuron.skip,
    )


def drive_of(layer: SourceLayer, code: Code, skip_code: Code | None) -> Drive:
    low, high = reach(layer.linear.weight, code)
    skip_gain = layer.skip_gain if layer.skip_gain is not None else layer.gain * 0
    values = np.zeros(1, dtype=np.int64) if skip_code is None else skip_code.codebook
    return Drive(layer.gain, layer.offset, skip_gain, low, high, values)


def stairs_of(
    layer: SourceLayer,
    activation: Quantizer,
    code: Code,
    skip_code: Code | None,
    tick: Tick = silent,
) -> Staircase:
    """The staircase of one source layer: the quantizer's steps pulled back through everything
    before it.

    Raises CapacityError where a residual makes it larger than can be proven.
    """
    cuts, drive = activation.cuts, drive_of(layer, code, skip_code)
    channels, steps = cuts.shape
    if channels * steps * len(drive.skip_values) > MAX_STAIRS:
        joined = (
            f" times {len(drive.skip_values)} values of the residual {layer.skip}"
            if layer.skip is not None
            else ""
        )
        raise CapacityError(
            f"{layer.name}: {channels} channels times {steps} steps{joined} are more than the"
            f" {MAX_STAIRS} that can be proven; use fewer time steps"
        )
    for step in reversed(layer.chain):
        cuts = (
            cuts.before_affine(step.gain, step.offset)
            if isinstance(step, Affine)
            else cuts.before_relu()
        )
    return staircase(drive, cuts, tick)


def _quantized(layer: SourceLayer, stairs: Staircase, code: Code) -> Layer:
    found = fit(stairs, code)
    if found is None:
        raise UnsupportedError(
            f"{layer.name}: the residual {layer.skip} and the layer's own sum share no grid on"
            " which every step is exact; use power-of-two scales or the same scale on both sides"
        )
    dead = stairs.constant
    neuron = Layer(
        "",
        "",
        layer.linear.weight,
        found.neuron,
        found.beta,
        np.where(dead, 0, stairs.negate),
        found.kappa,
        found.shift,
        skip=layer.skip,
    )
    return _layer(layer.linear, neuron, ~dead)


def _is_power_of_two(value: Fraction) -> bool:
    return (
        value.denominator == 1
        and value.numerator > 0
        and value.numerator & (value.numerator - 1) == 0
    )


def _exact_shift(name: str, gain: Rationals, numbers: Rationals) -> int:
    """Fraction bits of a source that is integers already. Raises UnsupportedError where it is
    not.
    """
    if any(not _is_power_of_two(g) or g != gain[0] for g in gain) or any(
        n.denominator != 1 for n in numbers
    ):
        raise UnsupportedError(
            f"{name}: an integer LIF neuron needs integer currents, one power of two times the sum;"
            " export the float form (_real)"
        )
    return int(gain[0]).bit_length() - 1


def _real_shift(theta: Rationals, currents: int, steps: int) -> int:
    """Fraction bits that make the smallest threshold large enough, while the membrane stays
    narrow.
    """
    shift, smallest = 0, min(theta)
    while (
        smallest * (1 << shift) < LIF_THRESHOLD
        and (currents * steps + ceil(max(theta))) << (shift + 1) < 1 << LIF_BITS
    ):
        shift += 1
    return shift


def _largest_current(
    layer: SourceLayer, beta: Rationals, kappa: Rationals, code: Code, skip_code: Code | None
) -> int:
    """Magnitude of one time step's current, in units of the sum: one spike, or a whole word, per
    synapse.
    """
    synapse = code.one_plane(code.spike_train)
    total: int = (
        int(np.abs(layer.linear.weight).sum(axis=(1, 2, 3)).max()) * synapse
        + ceil(max(abs(b) for b in beta))
        + 1
    )
    if skip_code is None:
        return total
    joined = skip_code.one_plane(code.spike_train)
    return total + int(ceil(max(abs(k) for k in kappa)) * joined)


def _spiking(
    layer: SourceLayer, activation: Threshold, code: Code, skip_code: Code | None
) -> Layer:
    """Freeze an IF or LIF neuron: currents and threshold in units of the sum, with fraction
    bits.
    """
    if code.spike_train == activation.repeat:
        raise UnsupportedError(
            f"{activation.name}: a LIF neuron fed by spikes takes (N, T, ...), one fed by values"
            " the repeated form; found the other"
        )
    if code.spike_train and (
        code.steps != activation.code.steps or (skip_code is not None and skip_code != code)
    ):
        raise UnsupportedError(
            f"{activation.name}: expected the same number of time steps everywhere, found"
            f" {code.steps} and {activation.code.steps}"
        )
    drive = drive_of(layer, code, skip_code)
    alive = np.array([g != 0 for g in drive.gain], dtype=np.bool_)
    unit = where(alive, np.abs(drive.gain), Fraction(1))
    if activation.real:
        beta, theta, kappa = drive.offset / unit, activation.theta / unit, drive.skip_gain / unit
        shift = _real_shift(
            theta, _largest_current(layer, beta, kappa, code, skip_code), activation.code.steps
        )
        beta, theta, kappa = (x * (1 << shift) for x in (beta, theta, kappa))
        theta = [max(1, round(t)) for t in theta]
    else:
        beta, kappa = drive.offset, drive.skip_gain
        shift = (
            _exact_shift(activation.name, unit[alive], np.concatenate([beta, kappa]))
            if alive.any()
            else 0
        )
        theta = [max(1, ceil(t)) for t in activation.theta]
    largest = max(max(abs(x) for x in values) for values in (beta, theta, kappa))
    if largest >= 1 << MEMBRANE_BITS:
        raise CapacityError(
            f"{activation.name}: currents or thresholds of {float(largest):g} times the sum's unit"
            " do not fit; rescale the layer"
        )
    neuron = Layer(
        "",
        "",
        layer.linear.weight,
        LIF(
            activation.code, np.array(theta, dtype=np.int64), activation.leak, activation.hard_reset
        ),
        np.array([round(b) for b in beta], dtype=np.int64),
        np.array([int(g < 0) for g in drive.gain], dtype=np.int64),
        np.array([round(k) for k in kappa], dtype=np.int64),
        shift,
        skip=layer.skip,
    )
    return _layer(layer.linear, neuron, alive)


def _sum(layer: SourceLayer) -> Layer:
    """The sum itself leaves: the network's output, or words wide enough. Its factors are whole
    numbers, as the reader saw to.
    """
    count = len(layer.gain)
    zero, kappa = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    if layer.skip_gain is not None:
        kappa = np.array(
            [
                int(k / g * (1 << layer.shift))
                for k, g in zip(layer.skip_gain, layer.gain, strict=True)
            ],
            dtype=np.int64,
        )
    neuron = Layer(
        "", "", layer.linear.weight, Raw(layer.out), zero, zero, kappa, layer.shift, skip=layer.skip
    )
    return _layer(layer.linear, neuron, np.ones(count, dtype=np.bool_))


def lower(source: Source, tick: Tick = silent) -> Lowered:
    """Source network to integer network. Raises SpikeLoomError naming the layer that has no exact
    integer form, or none that fits.
    """
    nodes: list[Node] = []
    stairs: dict[str, Staircase] = {}
    layers = {layer.name: layer for layer in source.layers}
    for node in source.nodes:
        layer = layers.get(node.name)
        if layer is None:
            nodes.append(cast(Node, node))
            continue
        graph = Graph(source.name, tuple(nodes))
        code = graph.code(layer.linear.source)
        skip_code = graph.code(layer.skip) if layer.skip is not None else None
        if isinstance(layer.activation, Quantizer):
            stairs[layer.name] = stairs_of(layer, layer.activation, code, skip_code, tick)
            nodes.append(_quantized(layer, stairs[layer.name], layer.activation.code))
            tick(stairs[layer.name].steps[:, :, 0].size)
        elif isinstance(layer.activation, Threshold):
            nodes.append(_spiking(layer, layer.activation, code, skip_code))
        else:
            nodes.append(_sum(layer))
    scale, bias = (
        np.array([float(x) for x in values], dtype=np.float64)
        for values in (source.scale, source.bias)
    )
    return Lowered(Graph(source.name, tuple(nodes), scale, bias), stairs)
