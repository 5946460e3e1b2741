"""What nodes are called in C++."""

from __future__ import annotations

import re

from spikeloom.mapping.plan.plan import Plan


def identifiers(plan: Plan) -> dict[str, str]:
    """A C++ identifier for every node: its number in the order of the graph, and what its name has
    of letters and digits.
    """
    found = {}
    for number, node in enumerate(plan.graph.nodes):
        tail = re.sub(r"[^A-Za-z0-9]+", "_", node.name).strip("_")
        found[node.name] = f"n{number}_{tail}" if tail else f"n{number}"
    return found
