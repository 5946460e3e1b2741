"""The four networks of the Makefile in shape, with random weights, and the plans that the README
measures.
"""

from __future__ import annotations

import numpy as np
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, Neuron, Raw, SpikePack
from spikeloom.ir.nodes import Input, Layer, MaxPool, Node, SumPool
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.plan import Folding

SPIKES = Code(4)

DENSITY = {
    "digits-mlp": {"input": 0.313263, "fc1": 0.210175, "fc2": 0.216431},
    "digits-cnn": {
        "input": 0.313263,
        "conv1": 0.201567,
        "conv2": 0.193405,
        "pool1": 0.354721,
        "depthwise": 0.160873,
        "pointwise": 0.174599,
        "pool2": 0.257121,
    },
    "events-cnn": {
        "input": 0.126933,
        "conv1": 0.214845,
        "pool1": 0.375858,
        "conv2": 0.11161,
        "pool2": 0.263231,
    },
    "events-cnn-lif": {
        "input": 0.126933,
        "conv1": 0.107797,
        "pool1": 0.264491,
        "conv2": 0.112258,
        "pool2": 0.31862,
    },
}
"""Shares of set bits, as trained networks have them on their calibration inputs."""

FOLDINGS = {
    "digits-mlp": {
        "fc1": Folding("event", 32, elements=4),
        "fc2": Folding("event", 32),
        "fc3": Folding("event", 32),
    },
    "digits-cnn": {
        "conv1": Folding("parallel", 1, elements=8, neurons=4),
        "conv2": Folding("event", 16, ports=2, elements=16, windows=4),
        "pool1": Folding("max", 1),
        "depthwise": Folding("depthwise", 8, elements=8),
        "pointwise": Folding("event", 16, elements=4, neurons=2),
        "pool2": Folding("depthwise", 2, elements=2),
        "fc": Folding("event", 32),
    },
    "events-cnn": {
        "conv1": Folding("parallel", 2, elements=16, neurons=8),
        "pool1": Folding("max", 2, elements=2),
        "conv2": Folding("event", 16, banks=1, ports=2, elements=32, windows=6, neurons=2),
        "pool2": Folding("max", 1),
        "fc": Folding("event", 32, elements=2),
    },
    "events-cnn-lif": {
        "conv1": Folding("dense", 2, elements=16, windows=6, neurons=2),
        "pool1": Folding("max", 2, elements=2),
        "conv2": Folding("event", 16, banks=2, ports=2, elements=32, windows=2, neurons=4),
        "pool2": Folding("max", 1),
        "fc": Folding("event", 32, elements=5),
    },
}


class Chain:
    """Layers one after the other."""

    def __init__(self, first: Input, lif: bool = False):
        self.nodes: list[Node] = [first]
        self.rng = np.random.default_rng(0)
        self.lif = lif

    def layer(
        self,
        name: str,
        shape: tuple[int, ...],
        padding: int = 0,
        groups: int = 1,
        skip: str | None = None,
        last: bool = False,
    ) -> None:
        outputs, zero = shape[0], np.zeros(shape[0], dtype=np.int64)
        weight = self.rng.integers(-8, 8, shape)
        neuron: Neuron = SpikePack(SPIKES, zero + 3000, zero)
        if self.lif:
            neuron = LIF(Code(8, 1), zero + 6000, 2, False)
        beta, shift = self.rng.integers(-4000, 4000, outputs), 6
        if last:
            neuron, beta, shift = Raw(None), zero, 0
        kappa = zero + 5000 if skip else zero
        self.nodes.append(
            Layer(
                name,
                self.nodes[-1].name,
                weight,
                neuron,
                beta,
                zero,
                kappa,
                shift,
                (1, 1),
                (padding,) * 4,
                groups,
                skip,
            )
        )

    def pool(self, name: str, kind: str, channels: int) -> None:
        place = (name, self.nodes[-1].name, (2, 2), (2, 2), (0, 0, 0, 0))
        flip = np.zeros(channels, dtype=np.int64)
        self.nodes.append(MaxPool(*place, flip) if kind == "max" else SumPool(*place))


def digits_mlp() -> Chain:
    made = Chain(Input("input", (64, 1, 1), (1, 8, 8), SPIKES))
    made.layer("fc1", (64, 64, 1, 1))
    made.layer("fc2", (32, 64, 1, 1))
    made.layer("fc3", (10, 32, 1, 1), last=True)
    return made


def digits_cnn() -> Chain:
    made = Chain(Input("input", (1, 8, 8), (1, 8, 8), SPIKES))
    made.layer("conv1", (16, 1, 3, 3), padding=1)
    made.layer("conv2", (16, 16, 3, 3), padding=1, skip="conv1")
    made.pool("pool1", "max", 16)
    made.layer("depthwise", (16, 1, 3, 3), padding=1, groups=16)
    made.layer("pointwise", (32, 16, 1, 1))
    made.pool("pool2", "sum", 32)
    made.layer("fc", (10, 32, 2, 2), last=True)
    return made


def events_cnn(lif: bool = False) -> Chain:
    code = Code(8, 1) if lif else Code(8)
    made = Chain(Input("input", (2, 12, 12), (8, 2, 12, 12), code, events=True), lif)
    made.layer("conv1", (16, 2, 3, 3), padding=1)
    made.pool("pool1", "max", 16)
    made.layer("conv2", (32, 16, 3, 3), padding=1)
    made.pool("pool2", "max", 32)
    made.layer("fc", (10, 32, 3, 3), last=True)
    return made


def default_graph(name: str) -> Graph:
    made = {
        "digits-mlp": digits_mlp,
        "digits-cnn": digits_cnn,
        "events-cnn": events_cnn,
        "events-cnn-lif": lambda: events_cnn(lif=True),
    }
    return Graph(name, tuple(made[name]().nodes))
