"""Vitis HLS, where it is on PATH: run on the generated folder, and read what it reports.

The reports are XML. Of ``<top>_csynth.xml`` are read: the estimated clock, latency and interval of
the top, resources. Numbers that depend on data are ``undef`` or ``?`` there, and None here.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from spikeloom.backend import tools
from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing

TOP = "spikeloom_hls"

REPORT = Path("vitis") / "solution" / "syn" / "report" / f"{TOP}_csynth.xml"
"""Below the generated folder."""

LOG = "vitis_hls.log"

COMMANDS = {
    "vitis_hls": ("vitis_hls", "-f", "hls.tcl"),
    "vitis-run": ("vitis-run", "--mode", "hls", "--tcl", "hls.tcl"),
}
"""By the program that is on PATH; the first one is gone from 2025 on."""

SOURCE = "synthesised by Vitis HLS, nothing placed or routed"

RESOURCES = ("LUT", "FF", "DSP", "BRAM_18K", "URAM")


@dataclass(frozen=True)
class Synthesis:
    """What Vitis HLS says of the top.

    Attributes
    ----------
    version: of the tool. clock_ns: estimated period; target_ns: wanted.
    latency, interval: least and most cycles, None where they depend on data.
    resources: by the names that Vitis has for them.
    """

    source: str
    version: str
    part: str
    target_ns: float
    clock_ns: float
    latency: tuple[int | None, int | None]
    interval: tuple[int | None, int | None]
    resources: dict[str, int]


def command() -> tuple[str, ...] | None:
    """How Vitis HLS is called here; None where it is not on PATH."""
    return next((line for name, line in COMMANDS.items() if shutil.which(name) is not None), None)


def run(folder: Path, cosim: bool) -> Synthesis:
    """Run C simulation, synthesis and export in the generated folder; what its report says.

    Raises ToolError naming the log where Vitis HLS fails, SpikeLoomError where its report is not
    there.
    """
    line = command()
    if line is None:
        raise SpikeLoomError(
            f"Vitis HLS: expected one of {', '.join(COMMANDS)} on PATH, found none; {folder} is"
            " complete for it"
        )
    (folder / REPORT).unlink(missing_ok=True)
    log = folder / LOG
    log.unlink(missing_ok=True)
    with tools.interruptible():
        tools.run(
            line,
            folder=folder,
            log=log,
            what="Vitis HLS",
            environment={"SPIKELOOM_COSIM": "1" if cosim else "0", **os.environ},
        )
    return read(folder / REPORT)


def read(path: Path) -> Synthesis:
    """A report of C synthesis. Raises SpikeLoomError where it is missing, or is another file."""
    existing(path, "the report of a synthesis by Vitis HLS")
    try:
        root = ElementTree.parse(path).getroot()
        return Synthesis(
            source=SOURCE,
            version=text(root, "ReportVersion/Version"),
            part=text(root, "UserAssignments/Part"),
            target_ns=float(text(root, "UserAssignments/TargetClockPeriod")),
            clock_ns=float(
                text(root, "PerformanceEstimates/SummaryOfTimingAnalysis/EstimatedClockPeriod")
            ),
            latency=(cycles(root, "Best-caseLatency"), cycles(root, "Worst-caseLatency")),
            interval=(cycles(root, "Interval-min"), cycles(root, "Interval-max")),
            resources={
                name: int(text(root, f"AreaEstimates/Resources/{name}")) for name in RESOURCES
            },
        )
    except (ElementTree.ParseError, ValueError, UnicodeDecodeError) as error:
        raise SpikeLoomError(
            f"{path}: expected the report of a synthesis by Vitis HLS, found something else"
            f" ({error})"
        ) from error


def text(root: ElementTree.Element, path: str) -> str:
    """The text of an element. Raises ValueError where there is none."""
    found = root.findtext(path)
    if found is None:
        raise ValueError(f"no {path}")
    return found.strip()


def cycles(root: ElementTree.Element, name: str) -> int | None:
    """Cycles of the top; None where they depend on data."""
    found = text(root, f"PerformanceEstimates/SummaryOfOverallLatency/{name}")
    return int(found) if found.isdecimal() else None
