"""Small passes from graph to graph that change no output."""

from __future__ import annotations

from dataclasses import replace

from spikeloom.ir.graph import Graph


def drop_unused(graph: Graph) -> Graph:
    """Without the nodes that the output does not depend on."""
    needed = {graph.output.name, graph.input.name}
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return replace(graph, nodes=tuple(node for node in graph.nodes if node.name in needed))


def flatten_input(graph: Graph) -> Graph:
    """An image that only fully connected layers read becomes a vector: its words then share beats
    instead of taking one each.
    """
    channels, height, width = graph.input.shape
    readers = [node for node in graph.nodes if graph.input.name in node.inputs]
    fed = [layer for layer in graph.layers if layer.source == graph.input.name != layer.skip]
    fits = all(
        layer.kernel == (height, width) and layer.groups == 1 and layer.padding == (0, 0, 0, 0)
        for layer in fed
    )
    if height * width == 1 or not readers or len(fed) != len(readers) or not fits:
        return graph
    flat = {
        n.name: replace(n, weight=n.weight.reshape(n.weight.shape[0], -1, 1, 1), stride=(1, 1))
        for n in fed
    }
    source = replace(graph.input, shape=(channels * height * width, 1, 1))
    return replace(graph, nodes=(source, *(flat.get(n.name, n) for n in graph.nodes[1:])))
