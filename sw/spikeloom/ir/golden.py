"""The golden model: the integer network in numpy integers, as short as it can be."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikeloom.ir import boundary
from spikeloom.ir.boundary import Floats as Floats
from spikeloom.ir.graph import Graph
from spikeloom.ir.nodes import Input
from spikeloom.ir.number import Ints

IMAGES = 128
"""Images at a time where only the output is wanted: bounds the memory."""


def quantize(source: Input, x: npt.NDArray[np.generic]) -> Ints:
    """Real input (N, *real_shape) to words (N, C, H, W), in float32 as a QONNX executor does it.

    Raises SpikeLoomError on a wrong shape, NaN or infinity, or events other than 0 and 1.
    """
    return boundary.words(source, x)


def trace(graph: Graph, words: Ints) -> dict[str, Ints]:
    """Output words of every node for input words (N, C, H, W)."""
    seen: dict[str, Ints] = {graph.input.name: words}
    for node in graph.nodes[1:]:
        taken = [seen[source] for source in node.inputs]
        seen[node.name] = node.compute(taken, graph.formats(node))
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
