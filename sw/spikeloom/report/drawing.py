"""Where the boxes and arrows of the pipeline's drawing stand; the page's template draws them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from spikeloom.mapping.plan.describe import code_text, folding_text, kind, map_text, neuron_text
from spikeloom.mapping.plan.plan import Plan
from spikeloom.report.plots import short

WIDTH, GAP, PER_ROW = 184, 46, 5

LETTERS = 30
"""That a line of a box has room for."""

FIXED = "\u00a0"
"""A space that no line ends at."""

HEAD, LINE = 32, 15
"""Height of a box without lines, and of one line."""


@dataclass(frozen=True)
class Box:
    x: int
    y: int
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Arrow:
    path: str
    skip: bool


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    box_width: int
    box_height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def place(index: int, height: int) -> tuple[int, int]:
    row, column = divmod(index, PER_ROW)
    return column * (WIDTH + GAP) + GAP // 2, row * (height + GAP) + 24


def wrapped(texts: Iterable[str]) -> tuple[str, ...]:
    """Lines that a box has room for, ended behind a comma where there is one."""
    fixed = (", ".join(part.replace(" ", FIXED) for part in text.split(", ")) for text in texts)
    return tuple(line for text in fixed for line in textwrap.wrap(text, LETTERS))


def draw(plan: Plan) -> Drawing:
    """One box per node in topological order, one arrow per stream."""
    source = plan.graph.input
    titles: list[tuple[str, tuple[str, ...]]] = [
        (
            source.name,
            (
                f"input {map_text(source.shape)}",
                code_text(source.code),
                "events" if source.events else f"scale {source.scale:g}",
            ),
        )
    ]
    titles += [
        (
            s.name,
            (
                kind(plan, s),
                f"{neuron_text(s)}, {code_text(s.o_code)}",
                f"{map_text(s.o_shape)}",
                folding_text(s),
            ),
        )
        for s in plan.stages
    ]
    lines = {name: wrapped(texts) for name, texts in titles}
    height = HEAD + LINE * max(map(len, lines.values()))
    spots = {name: place(k, height) for k, name in enumerate(lines)}
    boxes = tuple(Box(*spots[name], short(name), lines[name]) for name in lines)
    arrows = []
    for edge in plan.edges:
        (x1, y1), (x2, y2) = spots[edge.source], spots[edge.target]
        if edge.port == "skip":
            a, b = x1 + WIDTH // 2, x2 + WIDTH // 2
            arrows.append(Arrow(f"M{a},{y1} C{a},{y1 - 26} {b},{y2 - 26} {b},{y2}", True))
        else:
            a, half = x1 + WIDTH, height // 2
            if y1 != y2:  # around the corner, through the gap between the rows
                arrows.append(
                    Arrow(
                        f"M{a},{y1 + half} h{GAP // 3} V{y2 - GAP // 2} H{x2 - GAP // 3}"
                        f" V{y2 + half} H{x2}",
                        False,
                    )
                )
                continue
            arrows.append(
                Arrow(
                    f"M{a},{y1 + half} C{a + GAP},{y1 + half} {x2 - GAP},{y2 + half}"
                    f" {x2},{y2 + half}",
                    False,
                )
            )
    rows = -(-len(titles) // PER_ROW)
    return Drawing(
        min(len(titles), PER_ROW) * (WIDTH + GAP),
        rows * (height + GAP) + 24,
        WIDTH,
        height,
        boxes,
        tuple(arrows),
    )
