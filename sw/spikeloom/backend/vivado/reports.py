"""What Vivado's reports say: resources, timing, power. Read from the texts that ``implement.tcl``
has it write.

The formats are those that Vivado 2022.2 to 2025.2 is known to write; a report that does not hold
what is looked for is an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from spikeloom.backend.bitstream import parse_numbers
from spikeloom.backend.vivado.tables import Report, Row, pairs_of, read

SITES = {
    "LUT": ("Slice LUTs", "CLB LUTs"),
    "LUTRAM": ("LUT as Distributed RAM",),
    "FF": ("Slice Registers", "CLB Registers"),
    "DSP": ("DSPs",),
    "BRAM": ("Block RAM Tile",),
    "BRAM_36K": ("RAMB36/FIFO",),
    "BRAM_18K": ("RAMB18",),
}
"""Names of FINN's report, and of the sites in Vivado's, on 7-series and on UltraScale+."""

OPTIONAL = {"URAM": ("URAM",), "Carry": ("CARRY4", "CARRY8")}
"""Not on every part, or only listed where there are some."""

COLUMNS = {
    "LUT": ("Total LUTs",),
    "FF": ("FFs",),
    "BRAM_36K": ("RAMB36",),
    "BRAM_18K": ("RAMB18",),
    "DSP": ("DSP Blocks", "DSP48 Blocks"),
}
"""Columns of the hierarchical report."""


SHORTEST, LONGEST = 1000 / parse_numbers.HIGHEST_MHZ, 1000 / parse_numbers.LOWEST_MHZ
"""Periods of clocks in ns."""


@dataclass(frozen=True)
class Cell:
    """A row of the hierarchical report.

    Attributes
    ----------
    path: names of the instances from the top on. own: whether it is only what the instance has
        itself, without those in it.
    used: resources by name.
    """

    path: tuple[str, ...]
    own: bool
    used: dict[str, float]


@dataclass(frozen=True)
class Timing:
    """Of the timing summary, in ns.

    Attributes
    ----------
    wns, tns: worst and total negative slack (setup). whs: worst hold slack. wpws: worst pulse width
        slack.
    failing: endpoints that fail, of any kind. period: of the fastest clock. clock: its name.
    """

    wns: float
    tns: float
    whs: float
    wpws: float
    failing: int
    period: float
    clock: str

    @property
    def met(self) -> bool:
        # A pulse as short as its limit is one that nobody has checked: no clock of a board comes
        # near it.
        return min(self.wns, self.whs) >= 0 and self.wpws > 0 and not self.failing

    @property
    def fmax_mhz(self) -> float:
        """The clock at which the worst path would just fit."""
        return 1000 / (self.period - self.wns)


@dataclass(frozen=True)
class WorstPath:
    """The worst path of a timing report, in ns."""

    slack: float
    source: str
    destination: str
    delay: float
    logic: float
    route: float
    levels: int


def sites(report: Report) -> dict[str, Row]:
    """Rows of the utilisation report by the name of the site, without the asterisk of a
    footnote.
    """
    found: dict[str, Row] = {}
    for row in report.table("Site Type", "Used"):
        found.setdefault(row["Site Type"].strip().rstrip("*"), row)
    # Primitives, where carry chains are.
    for row in report.table("Ref Name", "Used"):
        found.setdefault(row["Ref Name"].strip(), row)
    return found


def utilization(path: Path) -> dict[str, float]:
    """Resources of the whole design, under FINN's names. Raises SpikeLoomError for a report that
    lacks one of them.
    """
    report = read(path)
    there = sites(report)
    used = {}
    for name, choices in (SITES | OPTIONAL).items():
        row = next((there[choice] for choice in choices if choice in there), None)
        if row is None and name not in OPTIONAL:
            raise report.missing(f"a row for {' or '.join(choices)}")
        used[name] = report.amount(row["Used"], name) if row else 0.0
    return used


def hierarchy(path: Path) -> list[Cell]:
    """Resources of every instance. Raises SpikeLoomError for a report without them."""
    report = read(path)
    stack: list[str] = []
    found = []
    for row in report.table("Instance", "Total LUTs", "FFs"):
        text = row["Instance"]
        depth, name = (len(text) - len(text.lstrip())) // 2, plain(text)
        if depth > len(stack):
            raise report.missing("instances indented below each other by two spaces")
        own = name.startswith("(") and name.endswith(")")
        stack[depth:] = [] if own else [name]
        found.append(
            Cell(
                tuple(stack),
                own,
                {key: column(report, row, names) for key, names in COLUMNS.items()},
            )
        )
        if "URAM" in row:
            found[-1].used["URAM"] = report.amount(row["URAM"], "URAM")
    return found


def column(report: Report, row: Row, names: tuple[str, ...]) -> float:
    for name in names:
        if name in row:
            return report.amount(row[name], name)
    raise report.missing(f"a column {' or '.join(names)}")


def plain(name: str) -> str:
    """An instance's name without the backslash and space of an escaped Verilog name."""
    return name.strip().lstrip("\\").rstrip()


def timing(path: Path) -> Timing:
    """The timing summary. Raises SpikeLoomError where it has none, where no clock is constrained,
    and for figures that cannot be.
    """
    report = read(path)
    head = re.search(r"^\s*(WNS\(ns\).*)\n[ -]+\n(.*)$", report.text, re.MULTILINE)
    if head is None:
        raise report.missing("a design timing summary")
    names, values = re.split(r"\s{2,}", head[1].strip()), head[2].split()
    row = dict(zip(names, values, strict=False))

    def of(name: str) -> float:
        return report.number(row.get(name), name)

    period, clock = fastest(report)
    failing = sum(
        report.count(row.get(name), name)
        for name in (f"{kind} Failing Endpoints" for kind in ("TNS", "THS", "TPWS"))
    )
    found = Timing(
        of("WNS(ns)"), of("TNS(ns)"), of("WHS(ns)"), of("WPWS(ns)"), failing, period, clock
    )
    if not SHORTEST <= period - found.wns <= LONGEST:
        raise report.wrong(
            f"WNS(ns) with which {SHORTEST:g} to {LONGEST:g} ns are left of the {period:g} ns of"
            f" {clock}",
            row["WNS(ns)"],
        )
    return found


def fastest(report: Report) -> tuple[float, str]:
    """Period in ns and name of the fastest clock. Raises SpikeLoomError where there is none, or one
    that no FPGA has.
    """
    pattern = r"^ *(\S+) +\{[^}\n]*\} +(\S+) +\S+ *$"
    clocks = [
        (report.number(period, f"the period of {name}"), name)
        for name, period in re.findall(pattern, report.text, re.MULTILINE)
    ]
    if not clocks:
        raise report.missing("a clock in its clock summary")
    for period, name in clocks:
        if not SHORTEST <= period <= LONGEST:
            raise report.wrong(f"a period of {SHORTEST:g} to {LONGEST:g} ns for {name}", period)
    return min(clocks)


def worst_path(path: Path) -> WorstPath:
    """The first path of a timing report. Raises SpikeLoomError where there is none, or its figures
    are no numbers.
    """
    report = read(path)

    def find(pattern: str, what: str) -> re.Match[str]:
        found = re.search(pattern, report.text, re.MULTILINE)
        if found is None:
            raise report.missing(what)
        return found

    slack = find(r"^Slack \((?:MET|VIOLATED)\)[ \t]*:[ \t]*(\S+?)ns\b", "the slack of a path")[1]
    source = find(r"^\s+Source:\s+(.+?)\s*$", "the source of a path")[1]
    destination = find(r"^\s+Destination:\s+(.+?)\s*$", "the destination of a path")[1]
    delays = find(
        r"^\s+Data Path Delay:\s+(\S+?)ns\s+\(logic (\S+?)ns\b.*?route (\S+?)ns\b",
        "the delay of a path",
    )
    levels = find(r"^\s+Logic Levels:[ \t]+(\S+)", "the logic levels of a path")[1]
    delay, logic, route = (report.number(text, "the delay of a path") for text in delays.groups())
    number = report.number(slack, "the slack of a path")
    return WorstPath(
        number,
        source,
        destination,
        delay,
        logic,
        route,
        report.count(levels, "the logic levels of a path"),
    )


def power(path: Path) -> dict[str, float | str]:
    """Vivado's estimate in W, without activity from a simulation. Raises SpikeLoomError for a
    report without it.
    """
    report = read(path)
    rows = dict(pairs_of(report.text))
    names = {
        "total_w": "Total On-Chip Power (W)",
        "dynamic_w": "Dynamic (W)",
        "static_w": "Device Static (W)",
        "junction_celsius": "Junction Temperature (C)",
    }
    found: dict[str, float | str] = {}
    for key, name in names.items():
        if name not in rows:
            raise report.missing(name)
        found[key] = (
            report.amount(rows[name], name)
            if key.endswith("_w")
            else report.number(rows[name], name)
        )
    return {**found, "confidence": rows.get("Confidence Level", "")}
