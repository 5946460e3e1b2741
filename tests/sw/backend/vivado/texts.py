"""Reports in the formats that Vivado writes: 2022.2 with its copyright of Xilinx, 2025.2 with that
of AMD; 7-series and UltraScale+.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What the reports are about; slack, hold and pulse in ns as they are printed."""

    version: str
    part: str
    top: str
    state: str
    clock: str
    period: float
    slack: str
    hold: str
    pulse: str
    worst: str
    stages: tuple[str, ...]

    @property
    def ultra(self) -> bool:
        return self.part.startswith("xczu")


def head(facts: Facts, command: str) -> str:
    owner = (
        "Copyright 1986-2022 Xilinx, Inc."
        if facts.version < "2023"
        else "Copyright 2022-2025 Advanced Micro Devices, Inc."
    )
    rule = "-" * 120
    lines = [
        f"{owner} All Rights Reserved.",
        rule,
        (
            f"| Tool Version : Vivado v.{facts.version} (lin64) Build 3671981 Fri Oct 14 04:59:54"
            " MDT 2022"
        ),
        "| Date         : Fri Jan 31 12:00:00 2025",
        "| Host         : machine running 64-bit Debian GNU/Linux 12",
        f"| Command      : {command}",
        f"| Design       : {facts.top}",
        f"| Device       : {facts.part}",
        f"| Design State : {facts.state.capitalize()}",
        rule,
        "",
    ]
    return "\n".join(lines) + "\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    cells = [[str(cell) for cell in row] for row in [columns, *rows]]
    widths = [max(len(row[k]) for row in cells) for k in range(len(columns))]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    drawn = [
        "| "
        + " | ".join(
            [
                row[0].ljust(widths[0]),
                *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        + " |"
        for row in cells
    ]
    return "\n".join([rule, drawn[0], rule, *drawn[1:], rule]) + "\n"


def utilization(facts: Facts) -> str:
    star = "*" if facts.state == "synthesised" else ""
    columns = ("Site Type", "Used", "Fixed", "Prohibited", "Available", "Util%")
    logic = "CLB" if facts.ultra else "Slice"

    def block(title: str, rows: Sequence[tuple[str, object]]) -> str:
        cells = [(name, used, 0, 0, 53200, "1.00") for name, used in rows]
        return f"{title}\n{'-' * len(title)}\n\n{table(columns, cells)}\n"

    first = [
        (f"{logic} LUTs{star}", 12345),
        ("  LUT as Logic", 12000),
        ("  LUT as Memory", 345),
        ("    LUT as Distributed RAM", 300),
    ]
    first += [
        ("    LUT as Shift Register", 45),
        (f"{logic} Registers", 9876),
        ("  Register as Flip Flop", 9876),
    ]
    first += [("CARRY8", 210)] if facts.ultra else [("F7 Muxes", 17)]
    memory = [
        ("Block RAM Tile", 30.5),
        ("  RAMB36/FIFO*", 20),
        ("    RAMB36E1 only", 20),
        ("  RAMB18", 21),
        ("    RAMB18E1 only", 21),
    ]
    memory += [("URAM", 2)] if facts.ultra else []
    primitives = table(
        ("Ref Name", "Used", "Functional Category"),
        [("FDRE", 9876, "Flop & Latch"), ("CARRY4", 411, "CarryLogic")][: 1 + (not facts.ultra)],
    )
    parts = [
        block("1. Slice Logic", first),
        block("3. Memory", memory),
        block("4. DSP", [("DSPs", 4), ("  DSP48E1 only", 4)]),
    ]
    note = "* Note: Each Block RAM Tile only has one FIFO logic available\n\n"
    return (
        head(facts, "report_utilization")
        + "Utilization Design Information\n\n"
        + "\n".join(parts)
        + note
        + "7. Primitives\n\n"
        + primitives
    )


def instances(facts: Facts) -> list[tuple[int, str, int]]:
    """Depth, name, look-up tables."""
    layers = [name for stage in facts.stages for name in (f"{stage}_body", f"{stage}_head")]
    names = [f"\\{name} " if "." in name else name for name in layers]
    depth = 0 if facts.top == "shell" else 4
    rows = [
        (depth + 1, "core", 700),
        (depth + 2, "(core)", 0),
        (depth + 2, "engine", 100 * len(names)),
        (depth + 3, "top", 100 * len(names)),
    ]
    rows += [(depth + 4, name, 100) for name in names]
    rows += [
        (depth + 2, "reader", 400),
        (depth + 3, "(reader)", 100),
        (depth + 3, "fifo", 300),
        (depth + 2, "writer", 300),
    ]
    if facts.top == "shell":
        return [(0, "shell", 12345), *rows]
    processor = "zynq_ultra_ps_e_0" if facts.ultra else "processing_system7_0"
    around = [
        (0, "system_wrapper", 12345),
        (1, "system_i", 12345),
        (2, "control", 500),
        (2, "memory", 600),
        (2, processor, 0),
        (2, "reset_0", 20),
    ]
    return [
        *around,
        (2, "shell_0", 12000),
        (3, "inst", 12000),
        *[(d - 1, name, lut) for d, name, lut in rows],
    ]


def hierarchy(facts: Facts) -> str:
    columns = [
        "Instance",
        "Module",
        "Total LUTs",
        "Logic LUTs",
        "LUTRAMs",
        "SRLs",
        "FFs",
        "RAMB36",
        "RAMB18",
        *["URAM"] * facts.ultra,
        "DSP Blocks",
    ]
    rows = [
        ("  " * depth + name, "(top)", lut, lut, 0, 0, 2 * lut, 0, 1, *[0] * facts.ultra, 0)
        for depth, name, lut in instances(facts)
    ]
    return (
        head(facts, "report_utilization -hierarchical")
        + "1. Utilization by Hierarchy\n\n"
        + table(columns, rows)
    )


def summary(facts: Facts) -> str:
    late, early, short = (float(slack) < 0 for slack in (facts.slack, facts.hold, facts.pulse))
    columns = [
        *("WNS(ns)", facts.slack, "TNS(ns)", facts.slack if late else "0.000"),
        *("TNS Failing Endpoints", 7 * late, "TNS Total Endpoints", 50261),
        *("WHS(ns)", facts.hold, "THS(ns)", facts.hold if early else "0.000"),
        *("THS Failing Endpoints", 3 * early, "THS Total Endpoints", 50261),
        *(
            "WPWS(ns)",
            facts.pulse,
            "TPWS(ns)",
            facts.pulse if short else "0.000",
            "TPWS Failing Endpoints",
            2 * short,
            "TPWS Total Endpoints",
            20159,
        ),
    ]
    names, numbers = [str(name) for name in columns[::2]], [str(number) for number in columns[1::2]]
    lines = [
        " " * 4 + "  ".join(cells) + "  " for cells in (names, ["-" * len(name) for name in names])
    ]
    lines.append(
        " " * 4
        + "  ".join(number.rjust(len(name)) for name, number in zip(names, numbers, strict=True))
        + "  "
    )
    verdict = (
        "Timing constraints are not met."
        if late or early or short
        else "All user specified timing constraints are met."
    )
    rule = "-" * 96
    clock = (
        f"{facts.clock}  {{0.000 {facts.period / 2:.3f}}}      {facts.period:.3f}         "
        f" {1000 / facts.period:.3f}         "
    )
    return head(facts, "report_timing_summary") + "\n".join(
        [
            "Timing Summary Report",
            rule,
            "| Design Timing Summary",
            "| ---------------------",
            rule,
            "",
            *lines,
            "",
            "",
            verdict,
            rule,
            "| Clock Summary",
            "| -------------",
            rule,
            "",
            "Clock       Waveform(ns)       Period(ns)      Frequency(MHz)",
            "-----       ------------       ----------      --------------",
            clock,
            "",
        ]
    )


def path(facts: Facts, delay: str) -> str:
    slack = facts.slack if delay == "max" else facts.hold
    verdict = "VIOLATED" if float(slack) < 0 else "MET"
    wave = f"{{rise@0.000ns fall@{facts.period / 2:.3f}ns period={facts.period:.3f}ns}}"
    edge = f"(rising edge-triggered cell FDRE clocked by {facts.clock}  {wave})"
    return head(facts, "report_timing") + "\n".join(
        [
            "Timing Report",
            "",
            f"Slack ({verdict}) :             {slack}ns  (required time - arrival time)",
            f"  Source:                 {facts.worst}/v_reg[3]/C",
            f"                            {edge}",
            f"  Destination:            {facts.worst}/sum_reg[15]/D",
            f"                            {edge}",
            f"  Path Group:             {facts.clock}",
            "  Path Type:              Setup (Max at Slow Process Corner)",
            (
                f"  Requirement:            {facts.period:.3f}ns  ({facts.clock}"
                f" rise@{facts.period:.3f}ns - {facts.clock} rise@0.000ns)"
            ),
            "  Data Path Delay:        9.321ns  (logic 2.345ns (25.158%)  route 6.976ns (74.842%))",
            "  Logic Levels:           9  (CARRY4=4 LUT2=1 LUT6=4)",
            "  Clock Path Skew:        -0.145ns (DCD - SCD + CPR)",
            "",
        ]
    )


def power(facts: Facts) -> str:
    rows = {
        "Total On-Chip Power (W)": "1.653",
        "Design Power Budget (W)": "Unspecified*",
        "Power Budget Margin (W)": "NA",
        "Dynamic (W)": "1.513",
        "Device Static (W)": "0.140",
        "Effective TJA (C/W)": "11.5",
        "Max Ambient (C)": "66.0",
        "Junction Temperature (C)": "44.1",
        "Confidence Level": "Medium",
        "Setting File": "---",
        "Simulation Activity File": "---",
        "Design Nets Matched": "NA",
    }
    rule = "+--------------------------+--------------+"
    return (
        head(facts, "report_power")
        + "\n".join([rule, *(f"| {name:24} | {value:12} |" for name, value in rows.items()), rule])
        + "\n"
    )
