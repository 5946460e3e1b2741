"""The network cut into stages: one per node, one more for the accumulator of a residual, and the
streams between them.
"""

from __future__ import annotations

import numpy as np

from spikeloom.ir.graph import Input, Layer, Pool, summing
from spikeloom.ir.neurons import LIF, Raw
from spikeloom.ir.number import Code, cut
from spikeloom.mapping.plan import fifo_depth
from spikeloom.mapping.plan.headroom import Room
from spikeloom.mapping.plan.plan import Folding, Plan, Stage, signed_width
from spikeloom.mapping.plan.stream import Edge


def stages(plan: Plan) -> tuple[Stage, ...]:
    """One per node but the input, in the order of the graph; a sum pooling as a layer."""
    graph, found = plan.graph, []
    for node in graph.nodes:
        if isinstance(node, Input):
            continue
        code, shape = graph.codes[node.name], graph.shapes[node.name]
        found.append(
            Stage(
                layer=(
                    summing(node, shape[0], code)
                    if isinstance(node, Pool) and node.kind == "sum"
                    else node
                ),
                i_shape=graph.shapes[node.source],
                o_shape=shape,
                i_code=graph.code(node.source),
                o_code=code,
                skip_code=(
                    graph.code(node.skip)
                    if isinstance(node, Layer) and node.skip is not None
                    else None
                ),
                folding=plan.foldings[node.name],
                room=plan.rooms.get(node.name),
                dealing=plan.dealing.get(node.name, ()),
                spread=plan.spread.get(node.name, 1.0),
                fewer=tuple(fewer[node.name] for fewer in plan.fewer),
            )
        )
    return tuple(found)


def skip_stage(stage: Stage) -> Stage | None:
    """The accumulator of a stage's residual; None without one."""
    if not isinstance(stage.layer, Layer) or stage.layer.skip is None or stage.skip_code is None:
        return None
    channels, f, steps = stage.o_shape[0], stage.folding, stage.skip_code.steps
    zero = np.zeros(channels, dtype=np.int64)
    silent = stage.o_code.silent if stage.o_code is not None else 0
    neuron = LIF(cut(Code(steps, 1), silent), zero + 1, 0, False) if stage.per_step else Raw(None)
    kappa = stage.layer.kappa.reshape(-1, 1, 1, 1)
    return Stage(
        layer=Layer(
            f"{stage.name}.skip", stage.layer.skip, kappa, neuron, zero, zero, zero, groups=channels
        ),
        i_shape=stage.o_shape,
        o_shape=stage.o_shape,
        i_code=stage.skip_code,
        o_code=neuron.code,
        skip_code=None,
        folding=Folding(
            "depthwise", f.elements, elements=f.elements, windows=f.windows, neurons=f.elements
        ),
        joins=True,
        room=None if stage.room is None else Room(signed_width(stage.room.kappa_bound), 0, 1, 0),
        fewer=tuple(skip for fewer in stage.fewer if (skip := fewer.skip_stage) is not None),
    )


def edges(plan: Plan) -> tuple[Edge, ...]:
    """All streams between nodes, in the order of their targets."""
    found = []
    for stage in plan.stages:
        source = stage.layer.source
        found.append(Edge(source, stage.name, "i", plan.o_group(source), stage.folding.group, 0))
        if isinstance(stage.layer, Layer) and stage.layer.skip is not None:
            skip, group = stage.layer.skip, stage.folding.elements
            found.append(
                Edge(
                    skip,
                    stage.name,
                    "skip",
                    plan.o_group(skip),
                    group,
                    fifo_depth.skip_depth(plan, stage),
                )
            )
    return tuple(found)
