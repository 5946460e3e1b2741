"""What Yosys and nextpnr say of a design: cells, frequency, utilisation, versions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeloom.bitstream.nextpnr.steps import CELLS, NETLIST, REPORT
from spikeloom.boards import Board
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.files import existing, first_line, load_json
from spikeloom.synth.cells import NOTHING, Taken, taken

FREQUENCY = re.compile(r"Max frequency for clock\s+'([^']*)':\s+([0-9.]+) MHz")
USED = re.compile(r"Info:\s+(\w+):\s*(\d+)\s*/\s*(\d+)\s+\d+%")
NEXTPNR = re.compile(r"(nextpnr-\w+)\W.*\(Version ([^)\s]+)\)")
YOSYS = re.compile(r"Yosys (\d[\w.+-]*)")


@dataclass(frozen=True)
class Placed:
    """Attributes
    ----------
    fmax_mhz: of the slowest clock. used: type of site -> (used, available).
    """

    fmax_mhz: float
    used: dict[str, tuple[int, int]]


def cells(folder: Path) -> dict[str, int]:
    """How many of each cell Yosys left. Raises SpikeLoomError where its count cannot be read."""
    path = folder / CELLS
    try:
        found = load_json(path, "Yosys' count of cells")["design"]["num_cells_by_type"]
        return {str(name): int(count) for name, count in sorted(found.items())}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise SpikeLoomError(f"{path}: expected Yosys' count of cells, found something else; see {folder / 'yosys.log'}") from None


def resources(counted: dict[str, int]) -> dict[str, int | float]:
    """The same in the units of a board."""
    kinds = {name: taken(name) or NOTHING for name in counted}

    def total(of: Callable[[Taken], int]) -> int:
        return sum(count * of(kinds[name]) for name, count in counted.items())

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
    """Of nextpnr's report where there is one, else of its log. Raises SpikeLoomError where neither says a frequency."""
    if (folder / REPORT).is_file():
        return of_report(folder / REPORT)
    log = folder / "nextpnr.log"
    return of_log(existing(log, "the log of nextpnr").read_text(encoding="utf-8", errors="replace"), str(log))


def of_report(path: Path) -> Placed:
    """The report of the main line's nextpnr."""
    found = load_json(path, "the report of nextpnr")
    try:
        slowest = min(float(clock["achieved"]) for clock in found["fmax"].values())
        used = {str(name): (int(one["used"]), int(one["available"])) for name, one in found["utilization"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SpikeLoomError(f"{path}: expected the report of nextpnr, found something else ({first_line(error)})") from None
    return Placed(slowest, {name: counts for name, counts in sorted(used.items()) if counts[0]})


def of_log(text: str, where: str) -> Placed:
    """The log of either: the last estimate of every clock, which is the one after routing."""
    last = {clock: float(mhz) for clock, mhz in FREQUENCY.findall(text)}
    if not last:
        raise SpikeLoomError(f"{where}: expected the frequency of a clock, found none; look at what nextpnr says there")
    used = {name: (int(count), int(there)) for name, count, there in USED.findall(text) if int(count)}
    return Placed(min(last.values()), dict(sorted(used.items())))


def names(folder: Path) -> Iterator[str]:
    """Each tool by its name and version, as far as it has said them."""
    for log, pattern in (("yosys.log", YOSYS), ("version.log", NEXTPNR)):
        path = folder / log
        found = pattern.search(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None
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
        "fmax_source": "nextpnr estimate: without delays of the PS7, whatever the speed grade; not a timing check",
        "utilisation": {name: {"used": used, "available": there} for name, (used, there) in route.used.items()},
        "synthesis": {**found, "source": f"cells that Yosys left in {NETLIST}, before placing"},
        "share": {name: round(count / getattr(board, name), 4) for name, count in found.items()},
    }
