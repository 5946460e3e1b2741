"""From the exact source network to the proven integer network."""

from __future__ import annotations

from dataclasses import dataclass

from spikeloom.graph import Graph, Layer
from spikeloom.neuron import LIF, Raw
from spikeloom.passes.neurons import lower
from spikeloom.passes.proof import Proof, prove
from spikeloom.passes.tidy import drop_unused, flatten_input
from spikeloom.source import Source
from spikeloom.staircase import Staircase

TIDY = (drop_unused, flatten_input)
"""Passes from graph to graph, in order."""


@dataclass(frozen=True, eq=False)
class Compiled:
    """An integer network and what was proven about it, one record per layer."""

    graph: Graph
    proofs: tuple[Proof, ...]


def check(graph: Graph) -> None:
    """Shapes and formats of every node fit. Raises SpikeLoomError naming the node."""
    _ = graph.shapes, graph.codes


def prove_all(graph: Graph, stairs: dict[str, Staircase]) -> tuple[Proof, ...]:
    """Check every layer against its source's staircase. Raises SpikeLoomError naming layer and channel."""
    proofs = []
    for node in graph.nodes:
        if not isinstance(node, Layer):
            continue
        channels = int(node.weight.shape[0])
        if isinstance(node.neuron, LIF):
            proofs.append(Proof(node.name, channels, 0, "frozen", node.shift))
        elif isinstance(node.neuron, Raw):
            proofs.append(Proof(node.name, channels, 0, "exact", node.shift))
        else:
            proofs.append(prove(node, stairs[node.name]))
    return tuple(proofs)


def compile_source(source: Source) -> Compiled:
    """The whole front end behind the reader, top to bottom."""
    lowered = lower(source)
    graph = lowered.graph
    check(graph)
    for tidy in TIDY:
        graph = tidy(graph)
        check(graph)
    return Compiled(graph, prove_all(graph, lowered.stairs))
