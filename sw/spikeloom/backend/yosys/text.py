"""The result of a synthesis as tables and lines: on the screen, in a notebook, on the report
page.
"""

from __future__ import annotations

from collections.abc import Iterator

from spikeloom.backend.yosys.cells import NOTHING, Taken
from spikeloom.backend.yosys.components import NETWORK, SHELL
from spikeloom.backend.yosys.synthesis import UNITS, Delay, Synthesis, available, fits, longest
from spikeloom.display import Table
from spikeloom.interface.boards import Board, find_board

NO_NUMBER = "–"

ROUTING = (
    "Cells alone, no wires: after routing a clock period is typically 1.5 to 2.5 times the delay."
)

STANDS_IN = (
    "Delays are those of 7-series cells: Yosys has none for UltraScale+, whose cells are faster."
)


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
    heads = ("component", units[0], "estimate", *units[1:], "LUT %", "ns")
    return Table(
        f"{synthesis.network} on {synthesis.board}: {synthesis.source}", heads, tuple(rows)
    )


def row(
    name: str, taken: Taken, delay: Delay | None, board: Board, estimated: int | None
) -> tuple[str, ...]:
    counts = [str(getattr(taken, key)) for key in UNITS]
    guess = "" if estimated is None else str(estimated)
    return (
        name,
        counts[0],
        guess,
        *counts[1:],
        share(taken.lut, board.lut),
        f"{delay.ns:.2f}" if delay is not None else NO_NUMBER,
    )


def share(count: int, there: int) -> str:
    """Of what there is, in percent."""
    return f"{100 * count / there:.1f} %" if there else NO_NUMBER


def paths(synthesis: Synthesis) -> Table:
    """The longest path that ends in each group, the longest first."""
    found = [
        (group, delay)
        for group, parts in synthesis.groups()
        if (delay := longest(parts)) is not None
    ]
    found.sort(key=lambda item: -item[1].ns)
    rows = tuple(
        (group, f"{delay.ns:.2f}", f"{delay.start} → {delay.end}, through {through(delay)}")
        for group, delay in found
    )
    return Table("longest paths by what cells take", ("ends in", "ns", "path"), rows)


def through(delay: Delay) -> str:
    return " ".join(f"{count}x{kind}" for kind, count in delay.cells) or "nothing"


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
