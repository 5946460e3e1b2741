"""The steps of the open flow as data: what runs them here and ``run.sh``, which runs them
elsewhere, cannot differ.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from spikeloom.backend.nextpnr.installed import CHIPDB, FAMILY, PLACERS, PRJXRAY_DB, chip_files

TOP = "ps7_top"

VERILOG = ("top.v", "shell.v", "ps7_top.v")

CELLS, REPORT = "cells.json", "nextpnr.json"
"""Yosys' count of cells; nextpnr's report, of the main line alone."""

NETLIST, FASM, FRAMES, BIT = (f"{TOP}.{kind}" for kind in ("json", "fasm", "frames", "bit"))

SUMS = "made.sha256"
"""Written when all steps are done: the SHA-256 of ``SUMMED``."""

SUMMED = ("manifest.json", *(f"rtl/{name}" for name in sorted(VERILOG)), BIT)

SCRIPT, CONSTRAINTS = "synth.ys", f"{TOP}.xdc"

FORBIDDEN = (
    "DSP48E1",
    "RAM32M",
    "RAM64M",
    "RAM128X1D",
    "RAM256X1S",
    "RAM32X1D",
    "RAM64X1D",
    "RAM64X1S",
    "SRL16E",
    "SRLC32E",
    "IBUF",
    "OBUF",
)
"""Cells that open place and route is known to get wrong, or that a top without pins cannot have."""


@dataclass(frozen=True)
class Step:
    """One tool.

    Attributes
    ----------
    title: what it does. command: its words; those in braces are filled in, see :func:`filled`. log:
        file of all that it prints.
    makes: the file that it must have made. needed: whether the others need it.
    """

    title: str
    command: tuple[str, ...]
    log: str
    makes: str = ""
    needed: bool = True


def script() -> str:
    """The Yosys script: flat, without DSP and LUT RAM, with the one clock buffer of the Verilog,
    and no cell that nextpnr does not know.
    """
    lines = [
        f"read_verilog {' '.join(f'rtl/{name}' for name in VERILOG)}",
        (
            f"synth_xilinx -family xc7 -top {TOP} -flatten -abc9 -nodsp -nolutram -nosrl -noiopad"
            " -noclkbuf"
        ),
        "delete */t:$scopeinfo",
        "setattr -unset src */*",
        "select -assert-count 1 t:PS7",
        "select -assert-count 1 t:BUFG",
        "select -assert-none t:$*",
        f"select -assert-none {' '.join(f't:{name}' for name in FORBIDDEN)}",
        f"tee -q -o {CELLS} stat -tech xilinx -json",
        f"write_json {NETLIST}",
    ]
    return "\n".join([*lines, ""])


def constraints() -> str:
    """The XDC: nothing. Clock, reset and DDR belong to the PS7, whose pins have no ports in the
    design.
    """
    return (
        f"# {TOP} has no ports, so no pins are placed here. The clock comes from the PS7; its"
        " frequency is an option of nextpnr.\n"
    )


def placing(name: str, part: str, clock_mhz: float) -> tuple[Step, Step]:
    """What version it is, and place and route, with one of the nextpnrs. Whether the clock is
    reached is judged from its report.
    """
    mainline = (
        *(
            "--device",
            part,
            "--chipdb",
            "{chip}",
            "--json",
            NETLIST,
            "-o",
            f"xdc={CONSTRAINTS}",
            "-o",
            f"fasm={FASM}",
        ),
        *(
            "--freq",
            f"{clock_mhz:g}",
            "--router",
            "router2",
            "--timing-allow-fail",
            "--report",
            REPORT,
        ),
    )
    openxc7 = (
        *("--chipdb", "{chip}", "--xdc", CONSTRAINTS, "--json", NETLIST, "--fasm", FASM),
        *("--freq", f"{clock_mhz:g}", "--timing-allow-fail"),
    )
    options = mainline if name == "nextpnr-himbaechel" else openxc7
    return (
        Step("version of nextpnr", (name, "--version"), "version.log", needed=False),
        Step("place and route", (name, *options), "nextpnr.log", FASM),
    )


def synthesis() -> Step:
    return Step("synthesis", ("{yosys}", "-q", "-l", "yosys.log", SCRIPT), "synthesis.log", NETLIST)


def assembling(part: str) -> tuple[Step, Step]:
    """From place and route to the bitstream."""
    description = f"{{parts}}/{part}/part.yaml"
    frames = (
        "--part_file",
        description,
        "--part_name",
        part,
        "--frm_file",
        FRAMES,
        "--output_file",
        BIT,
    )
    return (
        Step(
            "frames",
            ("fasm2frames", "--part", part, "--db-root", "{parts}", FASM, FRAMES),
            "frames.log",
            FRAMES,
        ),
        Step("bitstream", ("xc7frames2bit", *frames), "bitstream.log", BIT),
    )


def filled(step: Step, places: dict[str, str]) -> list[str]:
    """The command with each word's ``{name}`` replaced."""
    return [word.format(**places) for word in step.command]


def line(step: Step) -> str:
    """The step in a shell script."""
    places = {"chip": f"${CHIPDB}", "parts": f"${PRJXRAY_DB}/{FAMILY}", "yosys": "yosys"}
    words = [word.format(**places) for word in step.command]
    command = " ".join(f'"{word}"' if "$" in word else shlex.quote(word) for word in words)
    return (
        f"step {shlex.quote(step.title)} {step.log} {command}"
        if step.needed
        else f"{command} >{step.log} 2>&1 || true"
    )


HEAD = """#!/bin/sh
# From Verilog to {bit} with open tools, on PATH: yosys, nextpnr, fasm2frames, xc7frames2bit.
set -eu
: "${{{chipdb}:?set it to the chip database of nextpnr for {part}, a file or its folder}}"
: "${{{prjxray}:?set it to the folder of the Project X-Ray database}}"
case ${chipdb} in /*) ;; *) {chipdb}="$PWD/${chipdb}" ;; esac
case ${prjxray} in /*) ;; *) {prjxray}="$PWD/${prjxray}" ;; esac
for name in {names}; do if [ -f "${chipdb}/$name" ]; then {chipdb}="${chipdb}/$name"; fi; done
cd "$(dirname "$0")"
sums() {{ if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }}
step() {{
  title=$1 log=$2
  shift 2
  "$@" >"$log" 2>&1 || {{ echo "$title failed; its log: $log" >&2; exit 1; }}
}}
rm -f {made}
sums manifest.json >/dev/null
"""

TAIL = """# Last, so that it is only there after a whole run.
sums {files} >{sums}.part
mv {sums}.part {sums}
"""


def run_text(part: str, clock_mhz: float) -> str:
    """``run.sh``: all steps with the tools on PATH, one line each."""
    made = " ".join((SUMS, CELLS, NETLIST, FASM, FRAMES, BIT, REPORT))
    head = HEAD.format(
        bit=BIT,
        chipdb=CHIPDB,
        prjxray=PRJXRAY_DB,
        part=part,
        names=" ".join(chip_files(part)),
        made=made,
    )
    first, second = (
        f"  {line(steps[0])}\n  {line(steps[1])}"
        for steps in (placing(name, part, clock_mhz) for name in PLACERS)
    )
    place = f"if command -v {PLACERS[0]} >/dev/null; then\n{first}\nelse\n{second}\nfi"
    tail = TAIL.format(files=" ".join(SUMMED), sums=SUMS)
    return "\n".join(
        [f"{head}{line(synthesis())}", place, *(line(step) for step in assembling(part)), tail]
    )
