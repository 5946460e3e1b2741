"""The Vivado flow: a folder, a run in it, and what the run has made.

    prepare(network, target)    the folder, for this machine or another one
    build(target)               runs Vivado in it
    collect(target)             checks and reads what a run has left, wherever it was

None of this was ever run with Vivado itself: see docs/how-to/bitstream.md.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from spikeloom.backend import tools
from spikeloom.backend.bitstream import bitfile, check_handoff, logs, parse_numbers, work_folder
from spikeloom.backend.bitstream.result import Built
from spikeloom.backend.tools import ToolError
from spikeloom.backend.vivado import figures
from spikeloom.backend.vivado import folder as vivado_folder
from spikeloom.backend.vivado.causes import cause
from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing
from spikeloom.interface import manifest as manifests
from spikeloom.interface.boards import find_board
from spikeloom.interface.manifest import Manifest
from spikeloom.progress import Progress, silent

TOOLS = ("vivado",)

FAMILIES = ("xc7", "xcup")
"""Of FPGAs that the flow has a way for, as Yosys names them."""

CLOCK_MHZ: float | None = None
"""It begins with the plan's clock."""

LOG = "vivado.log"

STEP = re.compile(r"spikeloom: step ([0-9]{1,3})/([0-9]{1,3}) ([ -~]{1,80})")

LEFTOVERS = ("work", ".Xil")
"""What a run that was ended may leave beside its results."""


def absent() -> list[str]:
    """Tools that are not on PATH."""
    return tools.absent(TOOLS)


def prepare(network: Path, target: Path, *, ooc: bool = False) -> None:
    """Write the folder that Vivado builds an emitted network from, whole or not at all. The same
    network gives the same bytes, and where they are there already nothing is touched: results of a
    run stay.

    Arguments: ooc: for a run out of context, which ends in figures and makes no bitstream. Raises
    SpikeLoomError where the network is not emitted or does not belong to its manifest, and where
    the folder cannot be written.
    """
    with work_folder.replacing_folder(target) as folder:
        vivado_folder.write(network, folder, ooc)


def build(target: Path, progress: Progress = silent) -> Built:
    """Run Vivado in a folder of :func:`prepare`, and read what it made.

    Raises TimingError where place and route do not meet the clock, ToolError naming the log where
    Vivado is missing, dies or leaves no result, SpikeLoomError where its files do not belong to the
    folder. None of them leaves a bitstream.
    """
    manifest = manifests.load(target)
    try:
        run(target, manifest, progress)
        return collect(target)
    except BaseException:
        shutil.rmtree(target / "out", ignore_errors=True)
        raise


def synthesise(target: Path, progress: Progress = silent) -> dict[str, Any]:
    """Run Vivado out of context in a folder of ``prepare(ooc=True)``: size and timing after
    synthesis, under FINN's names.

    Raises ToolError naming the log where Vivado is missing or dies, SpikeLoomError where its
    reports cannot be read.
    """
    manifest = manifests.load(target)
    run(target, manifest, progress)
    return collect_ooc(target)


def run(target: Path, manifest: Manifest, progress: Progress) -> None:
    """Run Vivado once. Old results are gone first, so that what is there afterwards is of this
    run.
    """
    log = target / LOG
    existing(target / "build.tcl", "a folder for Vivado (build.tcl)")
    for name in ("out", "report", *LEFTOVERS):
        shutil.rmtree(target / name, ignore_errors=True)
    logs.start_anew(log)

    def seen(line: str) -> None:
        if line.startswith("spikeloom: step "):
            progress(*step_of(line.rstrip(), log))

    command = [*vivado_folder.COMMAND, "-nolog", "-source", "build.tcl"]
    try:
        tools.run(command, folder=target, log=log, what="Vivado", seen=seen)
    except ToolError as error:
        figures.raise_if_timing(target, manifest, log)
        hint = cause(log)
        raise ToolError(f"{hint}; {error}" if hint else str(error)) from error
    finally:
        for name in LEFTOVERS:
            shutil.rmtree(target / name, ignore_errors=True)


def step_of(line: str, log: Path) -> tuple[str, int, int]:
    """What is being done, how much of it is done, how much there is. Raises SpikeLoomError for a
    line that the Tcl does not write.
    """
    found = STEP.fullmatch(line)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        like = "a line like 'spikeloom: step 2/10 synthesis'"
        raise SpikeLoomError(
            f"{log}: expected {like}, found {parse_numbers.shown(line)}; build the folder as it was"
            " written"
        )
    return f"Vivado: {found[3]}", int(found[1]) - 1, int(found[2])


def collect(folder: Path) -> Built:
    """What a run has left in a folder of :func:`prepare`, here or on another machine, after checks.

    Raises SpikeLoomError where a file is missing, where bitstream, handoff file, Verilog and
    manifest do not belong together, or where the reports cannot be read; TimingError where timing
    is not met.
    """
    manifest = manifests.load(folder)
    work_folder.check_rtl(folder, manifest)
    figures.raise_if_timing(folder, manifest, folder / LOG)
    name = vivado_folder.file_name(manifest)
    bit, hwh = folder / "out" / f"{name}.bit", folder / "out" / f"{name}.hwh"
    if not bit.is_file() or not hwh.is_file():
        missing = bit if not bit.is_file() else hwh
        raise SpikeLoomError(
            f"{missing}: expected the result of Vivado, found none; run 'sh run.sh' there, its log:"
            f" {folder / LOG}"
        )
    logs.existing_log(folder / LOG, "Vivado")
    bitfile.check(bitfile.read(bit), find_board(manifest.board).part, manifest.identity, str(bit))
    check_handoff.check(hwh, manifest)
    report = figures.routed(folder, manifest)
    return Built(bit, hwh, report["tool"], report)


def collect_ooc(folder: Path) -> dict[str, Any]:
    """Figures of a run out of context. Raises SpikeLoomError where its reports are missing or
    cannot be read.
    """
    manifest = manifests.load(folder)
    work_folder.check_rtl(folder, manifest)
    logs.existing_log(folder / LOG, "Vivado")
    return figures.out_of_context(folder, manifest)
