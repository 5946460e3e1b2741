"""A small network with two layers, as if trained."""

from __future__ import annotations

import numpy as np
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw, SpikePack
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code


def network() -> Graph:
    """4 x 4 image, one convolution with spikes, one layer of three classes."""
    rng = np.random.default_rng(0)
    zero, ones = np.zeros(4, dtype=np.int64), np.ones(4, dtype=np.int64)
    neuron = SpikePack(Code(3), 3 * ones, zero)
    conv = Layer(
        "conv",
        "input",
        rng.integers(-3, 4, (4, 1, 3, 3)),
        neuron,
        2 * ones,
        zero,
        zero,
        padding=(1, 1, 1, 1),
    )
    fc = Layer(
        "fc", "conv", rng.integers(-3, 4, (3, 4, 4, 4)), Raw(None), zero[:3], zero[:3], zero[:3]
    )
    return Graph(
        "small",
        (Input("input", (1, 4, 4), (1, 4, 4), Code(4)), conv, fc),
        np.full(3, 0.25),
        np.array([0.0, 1.0, 2.0]),
    )
