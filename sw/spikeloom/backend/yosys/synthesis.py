"""What a synthesis has found: resources and logic delay, by component."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from spikeloom.backend.yosys.cells import NOTHING, Taken
from spikeloom.backend.yosys.components import NETWORK, SHELL
from spikeloom.display import NO_NUMBER, Table, count, nanoseconds, percent
from spikeloom.interface.boards import Board, find_board

FORMAT = 1

ROUTING = (
    "Cells alone, no wires: after routing a clock period is typically 1.5 to 2.5 times the delay."
)

STANDS_IN = (
    "Delays are those of 7-series cells: Yosys has none for UltraScale+, whose cells are faster."
)


@dataclass(frozen=True)
class Delay:
    """The longest path that ends in a component, by what its cells take; wires are not in it.

    Attributes
    ----------
    ns: from clock to clock, setup included. start, end: where it begins and ends, in words. cells:
        how many of which type are between.
    """

    ns: float
    start: str
    end: str
    cells: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Component:
    """One component.

    Attributes
    ----------
    group: "shell", "network", or the layer. part: what of it. taken: its resources.
    delay: None where no register, memory or port is the end of a path.
    """

    group: str
    part: str
    taken: Taken
    delay: Delay | None


@dataclass(frozen=True, repr=False)
class Synthesis:
    """Attributes
    ----------
    network, board: by name. source: how the numbers came about. components: shell, network, then
        the layers in the order of the stream.
    estimates: LUTs by group, as 'spikeloom compile' expected them; empty where it left none.
    without_arcs: types of cells whose delay is not known. without_setup: pins whose setup time is
        not known and counts as 0.
    unknown: types of cells that are not counted. key: what the result depends on.
    """

    network: str
    board: str
    source: str
    components: tuple[Component, ...]
    estimates: dict[str, int]
    without_arcs: tuple[str, ...]
    without_setup: tuple[str, ...]
    unknown: tuple[str, ...]
    key: str

    @property
    def total(self) -> Taken:
        return sum((component.taken for component in self.components), NOTHING)

    @property
    def delay(self) -> Delay | None:
        """The longest of all paths."""
        return longest(self.components)

    def __repr__(self) -> str:
        return "\n\n".join([*(repr(table) for table in tables(self)), "\n".join(lines(self))])

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in tables(self)) + "".join(
            f"<p>{escape(line)}</p>" for line in lines(self)
        )

    def groups(self) -> Iterator[tuple[str, tuple[Component, ...]]]:
        """Components of every group, in order."""
        for group in dict.fromkeys(component.group for component in self.components):
            yield (
                group,
                tuple(component for component in self.components if component.group == group),
            )


def longest(components: tuple[Component, ...]) -> Delay | None:
    """The longest path of some components."""
    delays = [component.delay for component in components if component.delay is not None]
    return max(delays, key=lambda delay: delay.ns, default=None)


def available(board: Board) -> dict[str, int]:
    """What a board has, under the names of ``Taken``."""
    return {
        "lut": board.lut,
        "ff": board.ff,
        "ramb18": 2 * board.bram36,
        "uram": board.uram,
        "dsp": board.dsp,
    }


UNITS = {"lut": "LUT", "ff": "FF", "ramb18": "RAMB18", "uram": "URAM", "dsp": "DSP"}
"""Resources as people call them."""


def fits(taken: Taken, board: Board) -> tuple[str, ...]:
    """What does not fit on the board, a line each; empty where all does. Placed and routed it may
    still not: near 100 % few designs are.
    """
    lines = []
    for name, there in available(board).items():
        wanted = getattr(taken, name)
        if wanted > there:
            lines.append(
                f"{UNITS[name]}: {count(wanted)} needed, {board.name} has {count(there)}:"
                f" {count(wanted - there)}"
                " too many"
            )
    return tuple(lines)


def tables(synthesis: Synthesis) -> tuple[Table, Table]:
    """Resources by component, and the longest paths."""
    return resources(synthesis), paths(synthesis)


def resources(synthesis: Synthesis) -> Table:
    """A row per group beside what was estimated for it, and per part of it; all layers, the total,
    and its share of the board.
    """
    board = find_board(synthesis.board)
    rows: list[tuple[str, ...]] = []
    for group, parts in synthesis.groups():
        whole = sum((part.taken for part in parts), NOTHING)
        rows.append(row(group, whole, longest(parts), board, synthesis.estimates.get(group)))
        rows += [
            row(f"  {part.part}", part.taken, part.delay, board, None)
            for part in parts
            if len(parts) > 1 and part.taken != NOTHING
        ]
    layers = tuple(
        component for component in synthesis.components if component.group not in (SHELL, NETWORK)
    )
    guesses = synthesis.estimates
    estimated = (
        sum(lut for group, lut in guesses.items() if group not in (SHELL, NETWORK))
        if guesses
        else None
    )
    rows.append(
        row(
            "all layers",
            sum((layer.taken for layer in layers), NOTHING),
            longest(layers),
            board,
            estimated,
        )
    )
    everything = sum(guesses.values()) if {SHELL, NETWORK} <= guesses.keys() else None
    rows.append(row("total", synthesis.total, synthesis.delay, board, everything))
    shares = (
        share(getattr(synthesis.total, name), there) for name, there in available(board).items()
    )
    rows.append((f"of {board.name}", next(shares), "", *shares, "", ""))
    units = list(UNITS.values())
    heads = ("component", units[0], "estimate", *units[1:], "LUT %", "delay")
    return Table(
        f"{synthesis.network} on {synthesis.board}: {synthesis.source}", heads, tuple(rows)
    )


def row(
    name: str, taken: Taken, delay: Delay | None, board: Board, estimated: int | None
) -> tuple[str, ...]:
    counts = [count(getattr(taken, key)) for key in UNITS]
    guess = "" if estimated is None else count(estimated)
    return (
        name,
        counts[0],
        guess,
        *counts[1:],
        share(taken.lut, board.lut),
        nanoseconds(delay.ns) if delay is not None else NO_NUMBER,
    )


def share(taken: int, there: int) -> str:
    """Of what there is, in percent."""
    return percent(taken / there if there else None)


def paths(synthesis: Synthesis) -> Table:
    """The longest path that ends in each group, the longest first."""
    found = [
        (group, delay)
        for group, parts in synthesis.groups()
        if (delay := longest(parts)) is not None
    ]
    found.sort(key=lambda item: -item[1].ns)
    rows = tuple(
        (group, nanoseconds(delay.ns), f"{delay.start} → {delay.end}, through {through(delay)}")
        for group, delay in found
    )
    return Table("longest paths by what cells take", ("ends in", "delay", "path"), rows)


def through(delay: Delay) -> str:
    return " ".join(f"{number}x{kind}" for kind, number in delay.cells) or "nothing"


def lines(synthesis: Synthesis) -> tuple[str, ...]:
    """What a user should know beside the tables; the first says whether it fits."""
    return tuple(remarks(synthesis))


def remarks(synthesis: Synthesis) -> Iterator[str]:
    board = find_board(synthesis.board)
    delay = synthesis.delay
    verdict = "does not fit" if fits(synthesis.total, board) else "fits"
    yield (
        f"{synthesis.network} {verdict} {synthesis.board}."
        f" {ROUTING if delay else 'No path between registers was found.'}"
    )
    if board.family != "xc7" and delay:
        yield STANDS_IN


def warnings(synthesis: Synthesis) -> tuple[str, ...]:
    """What does not fit, and what is not in the numbers."""
    found = list(fits(synthesis.total, find_board(synthesis.board)))
    if synthesis.unknown:
        found.append(
            f"not counted, because these cells are unknown: {', '.join(synthesis.unknown)}"
        )
    if synthesis.without_arcs:
        found.append(
            f"no delay is known of {', '.join(synthesis.without_arcs)}: longer paths than those"
            " shown may begin or end there"
        )
    return tuple(found)


def to_json(synthesis: Synthesis) -> dict[str, Any]:
    """Contents of ``synth.json``, with the totals."""
    total = synthesis.total
    return {
        "format": FORMAT,
        **asdict(synthesis),
        "total": asdict(total),
        "delay_ns": synthesis.delay.ns if synthesis.delay else None,
    }


def from_json(data: Any) -> Synthesis:
    """The other way. Raises KeyError, TypeError or ValueError where the data is something else."""
    if data["format"] != FORMAT:
        raise ValueError("another format")
    made = dict(data)
    for key in ("format", "total", "delay_ns"):
        made.pop(key)
    made["components"] = tuple(
        Component(
            c["group"],
            c["part"],
            Taken(**c["taken"]),
            None if c["delay"] is None else delay_of(c["delay"]),
        )
        for c in data["components"]
    )
    for key in ("without_arcs", "without_setup", "unknown"):
        made[key] = tuple(data[key])
    return Synthesis(**made)


def delay_of(data: dict[str, Any]) -> Delay:
    return Delay(
        float(data["ns"]),
        data["start"],
        data["end"],
        tuple((kind, int(count)) for kind, count in data["cells"]),
    )
