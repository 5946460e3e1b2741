"""A word about tables of thresholds that take much of a board."""

from __future__ import annotations

from dataclasses import replace

from spikeloom.frontend.lower import Compiled
from spikeloom.frontend.lower.warnings import Tabled
from spikeloom.ir.graph import Graph
from spikeloom.mapping.estimate.memories import table

LARGE = 1_000
"""LUTs from which a table is worth a word."""


def with_tables(compiled: Compiled) -> Graph:
    """The network with a note on each of its large tables, among the other notes on its layer."""
    graph = compiled.graph
    order = {layer.name: place for place, layer in enumerate(graph.layers)}
    notes = [(order.get(note.partition(":")[0], 0), note) for note in graph.notes]
    notes += [(order[found.layer], note(found)) for found in compiled.tables if large(found)]
    return replace(graph, notes=tuple(text for _, text in sorted(notes, key=lambda one: one[0])))


def large(found: Tabled) -> bool:
    return lut(found) >= LARGE


def lut(found: Tabled) -> int:
    """LUTs of a table by estimate."""
    return table(found.width, found.channels << found.steps, registered=False).logic


def note(found: Tabled) -> str:
    return (
        f"{found.layer}: {found.activation} became a table of {found.channels} x {found.count}"
        f" thresholds, about {lut(found)} LUT, since {found.why}; {found.way}, or use fewer time"
        " steps"
    )
