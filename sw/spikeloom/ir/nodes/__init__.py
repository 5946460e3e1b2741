"""The nodes of a graph, one class per kind.

What other stages make of a node is in one table per stage, by its class.
"""

from __future__ import annotations

from spikeloom.ir.nodes.input import Input
from spikeloom.ir.nodes.layer import Layer
from spikeloom.ir.nodes.node import Node
from spikeloom.ir.nodes.pools import MaxPool, SumPool

__all__ = ["NODES", "Input", "Layer", "MaxPool", "Node", "SumPool"]

NODES: dict[str, type[Node]] = {
    node.kind: node
    for node in (
        Input,
        Layer,
        MaxPool,
        SumPool,
    )
}
"""Every node by its name in files."""
