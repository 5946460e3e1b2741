"""The golden model: the integer network in numpy integers, as short as it can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikeloom.ir import boundary
from spikeloom.ir.boundary import Floats as Floats
from spikeloom.ir.graph import Graph, Input, Layer, Pool
from spikeloom.ir.neurons import LIF, Raw, per_channel
from spikeloom.ir.number import Ints

EXACT = 1 << 53
"""float64 holds every integer up to here, so that sums of them are the same in any order."""
IMAGES = 128
"""Images at a time where only the output is wanted: bounds the memory."""


def windows(
    x: Ints, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int, int, int]
) -> Ints:
    """Sliding windows of (N, C, H, W), zero padded: (N, C, OH, OW, kh, kw)."""
    top, left, bottom, right = padding
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    view: Ints = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))  # type: ignore[call-overload]
    return view[:, :, :: stride[0], :: stride[1]]


def conv(
    x: Ints, weight: Ints, stride: tuple[int, int], padding: tuple[int, int, int, int], groups: int
) -> Ints:
    """Integer convolution of values (N, C, H, W) with (O, C / groups, kh, kw): (N, O, OH, OW)."""
    largest = int(np.abs(x).max(initial=0)) * int(np.abs(weight).sum(axis=(1, 2, 3)).max(initial=0))
    kind = (
        np.float64 if largest <= EXACT else np.int64
    )  # numpy multiplies matrices of floats many times as fast
    patches, weight = (
        windows(x.astype(kind), (weight.shape[2], weight.shape[3]), stride, padding),
        weight.astype(kind),
    )
    inputs, outputs = x.shape[1] // groups, weight.shape[0] // groups
    parts = [
        np.tensordot(
            patches[:, g * inputs : (g + 1) * inputs],
            weight[g * outputs : (g + 1) * outputs],
            axes=([1, 4, 5], [1, 2, 3]),
        )
        for g in range(groups)
    ]
    return np.moveaxis(np.concatenate(parts, axis=3), 3, 1).astype(np.int64)


def run_layer(graph: Graph, layer: Layer, words: Ints, skip: Ints | None) -> Ints:
    """Output words of one layer (values for the integer output), given the words of its inputs."""
    code = graph.code(layer.source)

    def drive(values: Ints, joined: Ints | None) -> Ints:
        v = conv(values, layer.weight, layer.stride, layer.padding, layer.groups)
        u = (np.where(per_channel(layer.negate), -v, v) << layer.shift) + per_channel(layer.beta)
        return u if joined is None else u + per_channel(layer.kappa) * joined

    skip_code = graph.code(layer.skip) if layer.skip is not None else None
    joined = skip_code.value(skip) if skip_code is not None and skip is not None else None

    if isinstance(layer.neuron, LIF):
        live = layer.neuron.code.live
        if graph.per_step(layer):
            steps = code.planes(words)[:live]
            skips = (
                skip_code.planes(skip)[:live]
                if skip_code is not None and skip is not None
                else [None] * len(steps)
            )
            return layer.neuron.fire(
                np.stack([drive(*step) for step in zip(steps, skips, strict=True)])
            )
        u = drive(code.value(words), joined)
        return layer.neuron.fire(np.stack([u] * live))
    u = drive(code.value(words), joined)
    if isinstance(layer.neuron, Raw):
        return u if layer.neuron.code is None else layer.neuron.code.word(u)
    return layer.neuron.fire(u)


def run_pool(graph: Graph, pool: Pool, words: Ints) -> Ints:
    code = graph.code(pool.source)
    if pool.kind == "sum":
        total: Ints = windows(code.value(words), pool.kernel, pool.stride, pool.padding).sum(
            axis=(4, 5)
        )
        return total
    ones = (1 << code.steps) - 1
    sign = (
        1 << (code.steps - 1) if code.signed else 0
    )  # two's complement orders as offset binary does
    flip = per_channel(pool.flip * ones) ^ sign
    patches = windows(words ^ flip, pool.kernel, pool.stride, pool.padding)
    best: Ints = (
        np.bitwise_or.reduce(patches, axis=(4, 5)) if code.base == 1 else patches.max(axis=(4, 5))
    )
    return best ^ flip


def quantize(source: Input, x: npt.NDArray[np.generic]) -> Ints:
    """Real input (N, *real_shape) to words (N, C, H, W), in float32 as a QONNX executor does it.

    Raises SpikeLoomError on a wrong shape, NaN or infinity, or events other than 0 and 1.
    """
    return boundary.words(source, x)


def trace(graph: Graph, words: Ints) -> dict[str, Ints]:
    """Output words of every node for input words (N, C, H, W)."""
    seen: dict[str, Ints] = {graph.input.name: words}
    for node in graph.nodes[1:]:
        if isinstance(node, Layer):
            seen[node.name] = run_layer(
                graph, node, seen[node.source], seen[node.skip] if node.skip else None
            )
        elif isinstance(node, Pool):
            seen[node.name] = run_pool(graph, node, seen[node.source])
    return seen


def integers(graph: Graph, words: Ints) -> Ints:
    """The network's integer output (N, O, H, W): values, not words."""
    name = graph.output.name
    last = np.concatenate(
        [trace(graph, words[k : k + IMAGES])[name] for k in range(0, max(len(words), 1), IMAGES)]
    )
    code = graph.codes[name]
    return last if code is None else code.value(last)


def dequantize(graph: Graph, values: Ints) -> Floats:
    """Real output ``scale * v + bias`` in float64: (N, O), or (N, O, H, W) for a map."""
    return boundary.real(graph.scale, graph.bias, values)


def run(graph: Graph, x: npt.NDArray[np.generic]) -> Floats:
    """Real input to real output."""
    return dequantize(graph, integers(graph, quantize(graph.input, x)))
