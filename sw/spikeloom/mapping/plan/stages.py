"""The network cut into stages: one per node, and the streams between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spikeloom.ir.graph import Graph
from spikeloom.ir.nodes import Layer, MaxPool, Node, SumPool
from spikeloom.ir.number import Code
from spikeloom.ir.table import row
from spikeloom.mapping.plan.folding import Folding
from spikeloom.mapping.plan.headroom import Room
from spikeloom.mapping.plan.stage import Stage

Computed = Layer | MaxPool
"""What an engine can compute."""


def itself(node: Any, channels: int, code: Code | None) -> Any:
    return node


ENGINES: dict[type[Node], Callable[[Any, int, Code | None], Computed]] = {
    Layer: itself,
    MaxPool: itself,
    SumPool: SumPool.as_layer,
}
"""Node, output channels and output format -> what an engine computes for it, by kind of node. Of
the input there is nothing to compute.
"""


@dataclass(frozen=True)
class Settings:
    """What a plan says of a node, beside its folding."""

    rooms: Mapping[str, Room] = field(default_factory=dict)
    dealing: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)


def computed(node: Node, channels: int, code: Code | None) -> Computed:
    """What an engine computes for a node. Raises UnsupportedError for a kind that none can."""
    return row(ENGINES, node, f"{node.name}: the plan")(node, channels, code)


def stage(
    graph: Graph, node: Node, folding: Folding, settings: Settings, fewer: tuple[Stage, ...] = ()
) -> Stage:
    """One node on its engine."""
    code, shape = graph.codes[node.name], graph.shapes[node.name]
    formats = graph.formats(node)
    return Stage(
        layer=computed(node, shape[0], code),
        i_shape=graph.shapes[node.inputs[0]],
        o_shape=shape,
        i_code=formats[0],
        o_code=code,
        skip_code=formats[1] if len(formats) > 1 else None,
        folding=folding,
        room=settings.rooms.get(node.name),
        dealing=settings.dealing.get(node.name, ()),
        spread=settings.spread.get(node.name, 1.0),
        fewer=fewer,
    )
