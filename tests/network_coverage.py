"""What random networks hold: each kind of node, number format and folding, counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import LIF, SpikePack
from spikeloom.ir.nodes import Layer, MaxPool, SumPool
from spikeloom.mapping.plan.plan import Plan


def coverage(graph: Graph) -> Counter[str]:
    """What a network holds: each thing counts once per node that has it, those that start with
    "net" once per network.
    """
    source = graph.input
    kind = "signed" if source.code.signed else "events" if source.events else "unsigned"
    seen = Counter([f"net layers: {len(graph.nodes) - 1}", f"input: {kind}"])
    layers = [node for node in graph.nodes if isinstance(node, Layer)]
    wise = any(
        n.groups > 1 and n.groups == n.weight.shape[0] == graph.shapes[n.source][0] for n in layers
    )
    seen["net with three or more layers"] += len(graph.nodes) > 3
    seen["net with residual or depthwise"] += wise or any(n.skip for n in layers)
    seen["net with residual"] += any(n.skip for n in layers)
    seen["net with depthwise"] += wise
    for node in graph.nodes[1:]:
        code = graph.codes[node.name]
        seen[f"T: {code.steps}" if code else "T: integer output"] += 1
        seen[f"tau: {code.base}" if code else "tau: integer output"] += 1
        seen["signed output words"] += code is not None and code.signed
        assert isinstance(node, (Layer, MaxPool, SumPool))
        seen[f"stride: {node.stride[0]}"] += 1
        seen[f"kernel: {node.kernel[0]}x{node.kernel[1]}"] += 1
        seen[
            (
                "padding: none"
                if not any(node.padding)
                else "padding: equal"
                if len(set(node.padding)) == 1
                else "padding: asymmetric"
            )
        ] += 1
        if isinstance(node, Layer):
            seen += layer_coverage(graph, node)
        else:
            seen[f"kind: {node.kind.replace('_', ' ')}"] += 1
        if isinstance(node, MaxPool):
            seen["max pool, flipped"] += node.flips
            seen["max pool, signed"] += graph.code(node.source).signed
    return +seen


def layer_coverage(graph: Graph, node: Layer) -> Counter[str]:
    i_shape, weight = graph.shapes[node.source], node.weight
    if node.groups > 1:
        kind = "depthwise" if node.groups == i_shape[0] == weight.shape[0] else "grouped"
    else:
        kind = (
            "linear"
            if graph.shapes[node.name][1:] == (1, 1) and node.kernel == i_shape[1:]
            else "conv"
        )
    low, high = int(weight.min()), int(weight.max())
    width = (
        1
        if set(np.unique(weight)) <= {-1, 1}
        else max((-low - 1 if low < 0 else 0).bit_length(), high.bit_length()) + 1
    )
    neuron = type(node.neuron).__name__
    if isinstance(node.neuron, LIF):
        neuron = (
            f"{'LIF' if node.neuron.leak else 'IF'} {'hard' if node.neuron.hard_reset else 'soft'}"
        )
        neuron += " per step" if graph.per_step(node) else " one current"
    seen = Counter([f"kind: {kind}", f"weight width: {width}", f"neuron: {neuron}"])
    seen["tie flags"] += isinstance(node.neuron, SpikePack) and bool(node.neuron.tie.any())
    seen["negated"] += bool(node.negate.any())
    if node.skip:
        seen["residual"] += 1
        seen["residual: per step"] += graph.per_step(node)
        seen["residual: from the input"] += node.skip == graph.input.name
        seen["residual: signed"] += graph.code(node.skip).signed
    return seen


def folding_coverage(plan: Plan) -> Counter[str]:
    """The folding numbers of a plan, counted per stage."""
    seen: Counter[str] = Counter()
    for stage in plan.stages:
        f = stage.folding
        seen[f"body: {f.body}"] += 1
        for what in ("banks", "ports", "elements", "windows", "neurons"):
            seen[f"{what}: {'1' if getattr(f, what) == 1 else '2 or more'}"] += 1
        seen["folds: 2 or more"] += stage.folds > 1
    for edge in plan.edges:
        i, o = edge.i_group, edge.o_group
        seen[
            (
                "regroup: none"
                if i == o
                else (
                    "regroup: up"
                    if o % i == 0
                    else "regroup: down"
                    if i % o == 0
                    else "regroup: both"
                )
            )
        ] += 1
    return +seen
