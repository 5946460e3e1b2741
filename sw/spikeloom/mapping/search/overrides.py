"""Folding numbers that are set by hand, and the folding that a node starts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from math import log2
from pathlib import Path
from typing import Any

from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json
from spikeloom.ir.graph import Graph
from spikeloom.ir.nodes import Node
from spikeloom.mapping.plan.bodies import BODIES, DENSE, DEPTHWISE, EVENT, MAX, PARALLEL
from spikeloom.mapping.plan.folding import MEMORIES, Folding
from spikeloom.mapping.plan.stages import computed

Overrides = Mapping[str, Mapping[str, Any]]

WORDS = {"body": tuple(BODIES), "weights": MEMORIES}
"""What is not a number."""


def first_foldings(graph: Graph, overrides: Overrides) -> tuple[dict[str, Folding], set[str]]:
    """One of everything for every node but what is set by hand, and the nodes concerned."""
    foldings = {node.name: first_folding(graph, node) for node in graph.nodes[1:]}
    return foldings, apply_overrides(foldings, overrides)


def divisor_near(whole: int, wanted: float) -> int:
    """The divisor of ``whole`` nearest to ``wanted`` on a logarithmic scale."""
    return min(
        (d for d in range(1, whole + 1) if whole % d == 0), key=lambda d: abs(log2(d / wanted))
    )


FEW = 4
"""Input channels up to which a scan has nothing to skip."""


def first_folding(graph: Graph, node: Node) -> Folding:
    """The body that fits the node, with one of everything; queue words of about 24 flags."""
    made = computed(node, graph.shapes[node.name][0], graph.codes[node.name])
    if not made.adds:
        return Folding(MAX.name, 1)
    weight, groups = made.synapses.weight, made.synapses.groups
    inputs, outputs = int(weight.shape[1]), int(weight.shape[0]) // groups
    if (inputs, outputs) == (1, 1):
        return Folding(DEPTHWISE.name, 1)
    if inputs <= FEW:
        body = PARALLEL if graph.code(made.source).plain else DENSE
        return Folding(body.name, inputs)
    return Folding(EVENT.name, divisor_near(inputs, 24))


def apply_overrides(foldings: dict[str, Folding], overrides: Overrides) -> set[str]:
    """Set folding numbers by hand; returns the nodes concerned."""
    known = {field.name for field in fields(Folding)}
    for name, numbers in overrides.items():
        if name not in foldings:
            raise SpikeLoomError(
                f"folding: {name!r} is no node of the network; expected some of"
                f" {', '.join(foldings)}"
            )
        if not isinstance(numbers, Mapping) or not numbers.keys() <= known:
            odd = (
                numbers
                if not isinstance(numbers, Mapping)
                else ", ".join(sorted(map(str, numbers.keys() - known)))
            )
            raise SpikeLoomError(
                f"folding of {name}: expected numbers for {', '.join(sorted(known))}, found {odd}"
            )
        for key, value in numbers.items():
            if key in WORDS and value not in WORDS[key]:
                raise SpikeLoomError(
                    f"folding of {name}: {key} must be one of {', '.join(WORDS[key])}, got"
                    f" {value!r}"
                )
            if key not in WORDS and (
                not isinstance(value, int) or isinstance(value, bool) or value < 1
            ):
                raise SpikeLoomError(
                    f"folding of {name}: {key} must be a whole number above zero, got {value!r}"
                )
        made = replace(foldings[name], **numbers)
        if BODIES[made.body].by_channel and ("group" in numbers) != ("elements" in numbers):
            both = made.group if "group" in numbers else made.elements
            made = replace(made, group=both, elements=both)
        foldings[name] = made
    return set(overrides)


def read_overrides(path: str | Path) -> Overrides:
    """Folding numbers by node from a JSON file: ``{"conv1": {"elements": 8, "windows": 2}}``."""
    content = load_json(Path(path), "folding numbers by node")
    if not isinstance(content, dict):
        raise SpikeLoomError(f"{path}: expected an object of nodes, found {type(content).__name__}")
    return content
