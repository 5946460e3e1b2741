"""What Yosys and nextpnr say of a design: cells, frequency, utilisation, versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeloom.backend.bitstream import logs, parse_numbers
from spikeloom.backend.nextpnr.steps import CELLS, NETLIST, REPORT
from spikeloom.backend.yosys.cells import Taken, taken
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.files import first_line, load_json
from spikeloom.interface.boards import Board

FREQUENCY = re.compile(r"Max frequency for clock[ \t]+'([^'\n]*)':[ \t]*(.*)")
USED = re.compile(r"Info:\s+(\w+):[ \t]*([0-9]+)[ \t]*/[ \t]*([0-9]+)[ \t]+[0-9]+%")
NEXTPNR = re.compile(r"(nextpnr-\w{1,40})\W.*\(Version ([!-'*-~]{1,80})\)")
YOSYS = re.compile(r"Yosys ([0-9][\w.+-]{0,80})", re.ASCII)

LOG = "nextpnr.log"


@dataclass(frozen=True)
class Placed:
    """Attributes
    ----------
    fmax_mhz: of the slowest clock. used: type of site -> (used, available).
    """

    fmax_mhz: float
    used: dict[str, tuple[int, int]]


def cells(folder: Path) -> dict[str, int]:
    """How many of each cell Yosys left.

    Raises SpikeLoomError where its count cannot be read, where it is not of a design with one PS7,
    and for cells of which it is not known what they take.
    """
    path = folder / CELLS
    found = loaded(path, "Yosys' count of cells")
    try:
        counts = sorted(found["design"]["num_cells_by_type"].items())
    except (KeyError, TypeError, AttributeError):
        raise SpikeLoomError(
            f"{path}: expected Yosys' count of cells, found something else; see"
            f" {folder / 'yosys.log'}"
        ) from None
    made = {
        name: parse_numbers.count(count, str(path), parse_numbers.shown(name))
        for name, count in counts
    }
    if made.get("PS7") != 1:
        raise SpikeLoomError(
            f"{path}: expected a design with one PS7, found {made.get('PS7', 0)}; see"
            f" {folder / 'yosys.log'}"
        )
    unknown = [parse_numbers.shown(name) for name in made if taken(name) is None]
    if unknown:
        raise SpikeLoomError(
            f"{path}: expected cells of which it is known what they take, found"
            f" {', '.join(unknown[:8])}; build in the folder as it was written, with the Yosys that"
            " SpikeLoom takes"
        )
    return made


def loaded(path: Path, what: str) -> Any:
    """Parsed JSON. Raises SpikeLoomError on a missing or malformed file, and one nested deeper than
    Python reads.
    """
    try:
        return load_json(path, what)
    except RecursionError:
        raise SpikeLoomError(
            f"{path}: expected {what}, found JSON nested too deep; build again"
        ) from None


def resources(counted: dict[str, int]) -> dict[str, int | float]:
    """The same in the units of a board, of cells that are known."""
    kinds = {name: cost for name in counted if (cost := taken(name))}

    def total(of: Callable[[Taken], int]) -> int:
        return sum(counted[name] * of(cost) for name, cost in kinds.items())

    return {
        "lut": total(lambda one: one.lut),
        "ff": total(lambda one: one.ff),
        "bram36": total(lambda one: one.ramb18) / 2,
        "dsp": total(lambda one: one.dsp),
    }


def check_fit(found: dict[str, int | float], board: Board) -> None:
    """Raises CapacityError where the design is larger than the board."""
    for name, count in found.items():
        there = getattr(board, name)
        if count > there:
            raise CapacityError(
                f"{board.name}: expected {there} {name} or fewer, the design takes {count:g}; "
                "compile with a smaller --target-fps, or take fewer channels"
            )


def placed(folder: Path) -> Placed:
    """Of nextpnr's report where there is one, else of its log.

    Raises SpikeLoomError where neither says a frequency, where the log is missing, and for figures
    that cannot be.
    """
    log = logs.existing_log(folder / LOG, "nextpnr")
    if (folder / REPORT).exists():
        return of_report(folder / REPORT)
    return of_log(log.read_text(encoding="utf-8", errors="replace"), str(log))


def of_report(path: Path) -> Placed:
    """The report of the main line's nextpnr."""
    found = loaded(path, "the report of nextpnr")
    try:
        clocks = [(name, clock["achieved"]) for name, clock in found["fmax"].items()]
        sites = [
            (name, one["used"], one["available"]) for name, one in found["utilization"].items()
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise SpikeLoomError(
            f"{path}: expected the report of nextpnr, found something else ({first_line(error)});"
            " build again"
        ) from None
    return of(clocks, sites, str(path))


def of_log(text: str, where: str) -> Placed:
    """The log of either: the last estimate of every clock, which is the one after routing."""
    last = dict(FREQUENCY.findall(text))
    # As in "81.25 MHz (PASS at 50.00 MHz)"; without the unit the log was cut in the middle of the
    # number.
    clocks = [
        (clock, rest.split()[0] if rest.split()[1:2] == ["MHz"] else f"{rest}, not in MHz")
        for clock, rest in last.items()
    ]
    return of(clocks, USED.findall(text), where)


def of(
    clocks: Sequence[tuple[str, object]], sites: Iterable[tuple[str, object, object]], where: str
) -> Placed:
    """The slowest of the clocks, and the sites that are used. Raises SpikeLoomError for no clock,
    and for numbers that cannot be.
    """
    if not clocks:
        raise SpikeLoomError(
            f"{where}: expected the frequency of a clock, found none; look at what nextpnr says"
            " there"
        )
    slowest = min(
        parse_numbers.mhz(value, where, f"clock {parse_numbers.shown(name)}")
        for name, value in clocks
    )
    used = {
        name: (parse_numbers.count(one, where, name), parse_numbers.count(there, where, name))
        for name, one, there in sites
    }
    return Placed(slowest, {name: counts for name, counts in sorted(used.items()) if counts[0]})


def names(folder: Path) -> Iterator[str]:
    """Each tool by its name and version, as far as it has said them."""
    for log, pattern in (("yosys.log", YOSYS), ("version.log", NEXTPNR)):
        path = folder / log
        found = (
            pattern.search(path.read_text(encoding="utf-8", errors="replace"))
            if path.is_file()
            else None
        )
        if found:
            yield f"Yosys {found[1]}" if pattern is YOSYS else f"{found[1]} {found[2]}"


def figures(folder: Path, board: Board, clock_mhz: float, tool: str) -> dict[str, Any]:
    """``report.json``: every number says where it comes from."""
    route, counted = placed(folder), cells(folder)
    found = resources(counted)
    return {
        "source": f"placed and routed by {tool}; not measured on a board",
        "clock_mhz": clock_mhz,
        "fmax_mhz": route.fmax_mhz,
        "fmax_source": (
            "nextpnr estimate: without delays of the PS7, whatever the speed grade; not a timing"
            " check"
        ),
        "utilisation": {
            name: {"used": used, "available": there} for name, (used, there) in route.used.items()
        },
        "synthesis": {**found, "source": f"cells that Yosys left in {NETLIST}, before placing"},
        "share": {name: round(count / getattr(board, name), 4) for name, count in found.items()},
    }
