"""Figures of a run of Vivado: ``post_route.json``, ``ooc_synth_and_timing.json``, and the error
where timing is not met.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spikeloom.backend.bitstream.clocks import TimingError, reachable
from spikeloom.backend.vivado import reports
from spikeloom.backend.vivado.components import by_component, of_pin
from spikeloom.backend.vivado.folder import real_mhz
from spikeloom.backend.vivado.reports import Timing, WorstPath
from spikeloom.backend.vivado.tables import read
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.boards import Board, find_board
from spikeloom.interface.handoff import system_of
from spikeloom.interface.manifest import Manifest

UTILIZATION = "utilization.rpt"
HIERARCHY = "hierarchy.rpt"
SUMMARY = "timing_summary.rpt"
SETUP = "timing_setup.rpt"
HOLD = "timing_hold.rpt"
POWER = "power.rpt"

PERIODS = 1e-3
"""Largest difference between the period that was planned and the one that Vivado had, as a share:
it rounds to picoseconds.
"""


def head(folder: Path, manifest: Manifest, state: str) -> dict[str, Any]:
    """Where the figures come from, and what they are of."""
    tool = read(folder / "report" / UTILIZATION).tool
    return {
        "source": f"{tool}, {state}",
        "tool": tool,
        "network": manifest.name,
        "board": manifest.board,
        "part": find_board(manifest.board).part,
        "identity": manifest.identity,
        "clock_mhz": round(real_mhz(manifest), 6),
    }


def rounded(used: dict[str, float]) -> dict[str, float | int]:
    """Counts as integers; halves of block RAM stay what they are."""
    return {name: int(value) if value == int(value) else value for name, value in used.items()}


def shares(used: dict[str, float], board: Board) -> dict[str, float]:
    """Percent of the board that is used."""
    there = {
        "LUT": board.lut,
        "FF": board.ff,
        "BRAM": board.bram36,
        "URAM": board.uram,
        "DSP": board.dsp,
    }
    return {name: round(100 * used[name] / count, 2) for name, count in there.items() if count}


def checked_timing(folder: Path, manifest: Manifest) -> Timing:
    """The timing summary. Raises SpikeLoomError where Vivado's clock is not the planned one."""
    found = reports.timing(folder / "report" / SUMMARY)
    period = 1000 / real_mhz(manifest)
    if not abs(found.period - period) <= PERIODS * period:
        raise SpikeLoomError(
            f"{folder / 'report' / SUMMARY}: expected a clock of {period:.3f} ns, found"
            f" {found.clock} with {found.period:.3f} ns; build the folder again as it was written"
        )
    return found


def timing_json(timing: Timing) -> dict[str, Any]:
    return {
        "met": timing.met,
        "clock": timing.clock,
        "period_ns": timing.period,
        "WNS": timing.wns,
        "TNS": timing.tns,
        "WHS": timing.whs,
        "WPWS": timing.wpws,
        "failing_endpoints": timing.failing,
    }


def path_json(path: WorstPath, manifest: Manifest) -> dict[str, Any]:
    return {
        "slack_ns": path.slack,
        "from": of_pin(path.source, manifest.stages),
        "to": of_pin(path.destination, manifest.stages),
        "source": path.source,
        "destination": path.destination,
        "delay_ns": path.delay,
        "logic_ns": path.logic,
        "route_ns": path.route,
        "logic_levels": path.levels,
    }


def routed(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """Figures after place and route. Raises SpikeLoomError where a report is missing or cannot be
    read.
    """
    report, board = folder / "report", find_board(manifest.board)
    used, timing = reports.utilization(report / UTILIZATION), checked_timing(folder, manifest)
    components = by_component(reports.hierarchy(report / HIERARCHY), manifest.stages)
    return {
        **head(folder, manifest, "placed and routed"),
        "fmax_mhz": round(timing.fmax_mhz, 3),
        "utilization": rounded(used),
        "utilization_percent": shares(used, board),
        "components": {name: rounded(values) for name, values in components.items()},
        "timing": timing_json(timing),
        "worst_path": path_json(reports.worst_path(report / SETUP), manifest),
        "power": {
            "source": "Vivado's vectorless estimate, nothing measured",
            **reports.power(report / POWER),
        },
    }


def out_of_context(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """Figures of the shell with its network after synthesis. Raises SpikeLoomError where a report
    is missing or cannot be read.
    """
    report = folder / "report"
    used, timing = reports.utilization(report / UTILIZATION), checked_timing(folder, manifest)
    path = reports.worst_path(report / SETUP)
    components = by_component(reports.hierarchy(report / HIERARCHY), manifest.stages)
    return {
        **head(
            folder,
            manifest,
            "synthesised out of context, nothing placed; delays of wires are estimates",
        ),
        **rounded(used),
        "WNS": timing.wns,
        "Delay": path.delay,
        "period_ns": timing.period,
        "fmax_mhz": round(timing.fmax_mhz, 3),
        "utilization_percent": shares(used, find_board(manifest.board)),
        "components": {name: rounded(values) for name, values in components.items()},
        "worst_path": path_json(path, manifest),
    }


def raise_if_timing(folder: Path, manifest: Manifest, log: Path) -> None:
    """Raises TimingError where the reports of a whole run are there and say that timing is not
    met.
    """
    report = folder / "report"
    # The power report is the last one that a run writes: with it all are whole.
    if not (report / POWER).is_file():
        return
    timing = checked_timing(folder, manifest)
    if timing.met:
        return
    clock = real_mhz(manifest)
    if timing.wns < 0:
        path = reports.worst_path(report / SETUP)
        passing = passing_mhz(timing, manifest)
        how = (
            f"{passing:g} MHz would pass by these figures (--clock-mhz {passing:g}, or --clock-mhz"
            " auto)"
        )
        what = f"setup slack {timing.wns:g} ns"
    else:
        path = reports.worst_path(report / HOLD)
        passing = None
        hold = timing.whs < 0
        how = (
            "a slower clock does not help; build again with another version of Vivado"
            if hold
            else "plan a slower clock (--clock-mhz)"
        )
        what = f"hold slack {timing.whs:g} ns" if hold else f"pulse width slack {timing.wpws:g} ns"
    begin, end = of_pin(path.source, manifest.stages), of_pin(path.destination, manifest.stages)
    where = begin if begin == end else f"{begin} to {end}"
    message = (
        f"timing is not met at {clock:.6g} MHz: {what} in {where} ({path.source} to"
        f" {path.destination}); {how}; the log: {log}"
    )
    raise TimingError(message, passing)


def passing_mhz(timing: Timing, manifest: Manifest) -> float:
    """The fastest clock of the board at which the worst path fits."""
    return reachable(system_of(manifest).pll_mhz, timing.fmax_mhz)
