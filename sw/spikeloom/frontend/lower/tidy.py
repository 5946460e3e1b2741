"""Small passes from graph to graph that change no output."""

from __future__ import annotations

from dataclasses import replace

from spikeloom.ir.graph import Graph, Layer, Pool


def drop_unused(graph: Graph) -> Graph:
    """Without the nodes that the output does not depend on."""
    needed = {graph.output.name, graph.input.name}
    for node in reversed(graph.nodes):
        if node.name in needed and isinstance(node, (Layer, Pool)):
            needed.add(node.source)
            if isinstance(node, Layer) and node.skip is not None:
                needed.add(node.skip)
    return replace(graph, nodes=tuple(node for node in graph.nodes if node.name in needed))


def flatten_input(graph: Graph) -> Graph:
    """An image that only fully connected layers read becomes a vector: its words then share beats
    instead of taking one each.
    """
    channels, height, width = graph.input.shape
    readers = [
        n
        for n in graph.nodes[1:]
        if isinstance(n, (Layer, Pool)) and graph.input.name in (n.source, getattr(n, "skip", None))
    ]
    whole = [
        n
        for n in readers
        if isinstance(n, Layer) and n.source != n.skip and n.source == graph.input.name
    ]
    fits = all(
        n.kernel == (height, width) and n.groups == 1 and n.padding == (0, 0, 0, 0) for n in whole
    )
    if (
        height * width == 1
        or not readers
        or len(whole) != len(readers)
        or not fits
        or any(n.skip == graph.input.name for n in whole)
    ):
        return graph
    flat = {
        n.name: replace(n, weight=n.weight.reshape(n.weight.shape[0], -1, 1, 1), stride=(1, 1))
        for n in whole
    }
    source = replace(graph.input, shape=(channels * height * width, 1, 1))
    return replace(graph, nodes=(source, *(flat.get(n.name, n) for n in graph.nodes[1:])))
