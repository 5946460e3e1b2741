"""Which part of the model a cell of a synthesised network belongs to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spikeloom.backend.yosys.cells import NOTHING, Taken
from spikeloom.backend.yosys.components import TOP, finder
from spikeloom.mapping.estimate.components import Part

from tests.synthesis.measuring import Cells

SKIP = re.compile(r"(?P<engine>.*?\.skip_(?:source|body))(?:\.(?P<inner>.*))?")
"""The engine of a residual has a dot in its name."""


@dataclass(frozen=True)
class Match:
    """A part of the model, all of its kind in one component taken together, and what Yosys made of
    it.
    """

    parts: tuple[Part, ...]
    taken: Taken

    @property
    def name(self) -> str:
        first = self.parts[0]
        return f"{first.group} {first.part}, {first.kind}"

    @property
    def kind(self) -> str:
        return self.parts[0].kind


def split(place: str) -> tuple[str, ...]:
    """The instance within the network, and those within it."""
    skip = SKIP.fullmatch(place)
    outer, inner = (skip["engine"], skip["inner"] or "") if skip else place.partition(".")[::2]
    return tuple(part for part in (outer, *inner.split(".")) if part)


def inner_kind(part: str, inner: tuple[str, ...]) -> str | None:
    """The kind of what has an instance of its own within a component; None for the rest of it."""
    name = inner[0] if inner else ""
    if name.startswith("queue") or name == "results" or part.endswith("fifo"):
        return "fifo"
    if name.endswith("_loader"):
        return "loader"
    return "scan" if name.startswith("scan") else None


def matches(parts: list[Part], cells: Cells, stages: tuple[str, ...]) -> Iterator[Match]:
    """Every part with its cells. Raises ValueError where one has none, or cells have no part."""
    find = finder(stages)
    groups: defaultdict[tuple[str, str, str], list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.group, part.part, part.kind].append(part)
    own = {
        (group, part): kind
        for group, part, kind in groups
        if kind not in ("fifo", "scan", "loader")
    }
    found: defaultdict[tuple[str, str, str], Taken] = defaultdict(lambda: NOTHING)
    for place, taken in cells.items():
        inner = split(place)
        group, part = find((*TOP, *inner))
        kind = inner_kind(part, inner[1:]) or own.get((group, part), "?")
        found[group, part, kind] += taken
    if found.keys() != groups.keys():
        raise ValueError(
            f"without cells: {sorted(groups.keys() - found.keys())}; without a part:"
            f" {sorted(found.keys() - groups.keys())}"
        )
    return (Match(tuple(groups[key]), found[key]) for key in sorted(groups))


def network_cells(cells: Mapping[str, Taken]) -> Cells:
    """Those of the network, of a design that is a whole shell."""
    before = ".".join(TOP)
    return {
        place[len(before) + 1 :]: taken
        for place, taken in cells.items()
        if place == before or place.startswith(before + ".")
    }
