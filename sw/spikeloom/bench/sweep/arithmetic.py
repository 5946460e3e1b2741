"""How much arithmetic a network is, whatever hardware runs it: the bit budget and what follows from
it.

``BB = T b_w b_s``: time steps, bits of a weight, bits of a spike. ``S-ACE`` is the sum of ``n BB``
over the layers, n being a layer's multiply-accumulates per image; ``NS-ACE`` the sum of ``fr n
BB``, fr being the share of set bits at the layer's input. Source: "Are Conventional SNNs Really
Efficient?", CVPR 2024. Here b_s = 1, and T are the planes of the layer's input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spikeloom.ir.graph import Graph
from spikeloom.ir.nodes import Layer


@dataclass(frozen=True)
class Arithmetic:
    """Per image; padding counts as if it were there. stored_bits: of all weights together."""

    macs: int
    s_ace: int
    ns_ace: float
    stored_bits: int

    @property
    def bit_budget(self) -> float:
        """T b_w b_s, averaged over the multiply-accumulates."""
        return self.s_ace / self.macs


def arithmetic(graph: Graph, density: Mapping[str, float]) -> Arithmetic:
    """Of an integer network; ``density`` is the share of set bits by node name."""
    macs, s_ace, ns_ace, stored = 0, 0, 0.0, 0
    for layer in graph.layers:
        _, height, width = graph.shapes[layer.name]
        n, bits = height * width * layer.weight.size, weight_bits(layer)
        budget = graph.code(layer.source).steps * bits
        macs, s_ace, stored = macs + n, s_ace + n * budget, stored + layer.weight.size * bits
        ns_ace += density[layer.source] * n * budget
    return Arithmetic(macs, s_ace, ns_ace, stored)


def weight_bits(layer: Layer) -> int:
    """1 for weights of +-1 alone, else their width in two's complement."""
    return 1 if layer.binary else layer.weight_width
