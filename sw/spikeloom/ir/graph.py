"""The integer network: what the compiler makes of a model, and what every later rung computes bit
for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.nodes import Input, Layer, Node
from spikeloom.ir.number import Code, Shape

Kind = TypeVar("Kind", bound=Node)


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in topological order, the input first, the output last.

    Attributes
    ----------
    scale, bias: (O,) float64; the network's real output is ``scale * v + bias`` of the last node's
        values.
    notes: what a user should know though all is well, one line each that names its node.
    """

    name: str
    nodes: tuple[Node, ...]
    scale: npt.NDArray[np.float64] = field(default_factory=lambda: np.ones(1))
    bias: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(1))
    notes: tuple[str, ...] = ()

    @property
    def input(self) -> Input:
        inputs = self.of(Input)
        if len(inputs) != 1 or inputs[0] is not self.nodes[0]:
            raise SpikeLoomError(
                f"{self.name}: the first node must be the input, got {self.nodes[0].name}"
            )
        return inputs[0]

    @property
    def output(self) -> Node:
        return self.nodes[-1]

    @property
    def layers(self) -> list[Layer]:
        """The nodes with weights and a neuron, in order."""
        return self.of(Layer)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """The nodes of one kind, in order."""
        return [node for node in self.nodes if isinstance(node, kind)]

    def __getitem__(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """Output map of every node. Raises SpikeLoomError naming one that does not fit."""
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            shapes[node.name] = node.map([shapes[source] for source in node.inputs])
        return shapes

    @cached_property
    def codes(self) -> dict[str, Code | None]:
        """Word format that leaves every node; None for the integer output."""
        codes: dict[str, Code | None] = {}
        for node in self.nodes:
            codes[node.name] = node.format([feeding(source, codes) for source in node.inputs])
        return codes

    def code(self, name: str) -> Code:
        """Word format of a node that feeds others. Raises SpikeLoomError for the integer output."""
        return feeding(name, self.codes)

    def formats(self, node: Node) -> list[Code]:
        """Word formats of the inputs of a node."""
        return [self.code(source) for source in node.inputs]

    def per_step(self, layer: Layer) -> bool:
        """Whether the layer runs its neuron once per input plane (IF/LIF fed by a spike train)."""
        return layer.neuron.per_step(self.code(layer.source))


def feeding(name: str, codes: dict[str, Code | None]) -> Code:
    code = codes[name]
    if code is None:
        raise SpikeLoomError(f"{name}: an integer output cannot feed another layer")
    return code
