"""Tables by kind: what a stage makes of each kind of neuron or node, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from spikeloom.errors import UnsupportedError
from spikeloom.ir.neurons import Neuron
from spikeloom.ir.nodes import Node

Row = TypeVar("Row")
Kind = TypeVar("Kind", bound=Neuron | Node)


def row(table: Mapping[type[Kind], Row], item: Kind, stage: str) -> Row:
    """The row of the kind of a neuron or node.

    Arguments: stage: what the table is of, for the message. Raises UnsupportedError where the table
    has none.
    """
    found = table.get(type(item))
    if found is None:
        known = ", ".join(sorted(kind.kind for kind in table))
        raise UnsupportedError(
            f"{item.kind}: expected a kind that {stage} knows ({known}); docs/extending.md lists"
            " where a new one is added"
        )
    return found
