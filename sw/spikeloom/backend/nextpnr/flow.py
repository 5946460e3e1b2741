"""The flow without vendor tools, for the PYNQ-Z2: Yosys, nextpnr, the Project X-Ray database, to a
bitstream.

    prepare(network, target)    the folder, for this machine or another one
    build(target)               runs the tools in it
    collect(target)             checks and reads what a run has left, wherever it was

Neither nextpnr nor what follows it was ever run on it here: see docs/how-to/bitstream.md.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from spikeloom.backend import tools
from spikeloom.backend.bitstream import bitfile, logs
from spikeloom.backend.bitstream.clocks import TimingError, reachable
from spikeloom.backend.bitstream.result import Built
from spikeloom.backend.bitstream.work_folder import check_rtl, replacing_folder
from spikeloom.backend.nextpnr import fingerprint, installed, report, steps
from spikeloom.backend.nextpnr.installed import absent
from spikeloom.backend.nextpnr.steps import BIT, TOP, VERILOG, Step
from spikeloom.backend.tools import ToolError
from spikeloom.backend.yosys import yosys
from spikeloom.cache import builds
from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing, save_text
from spikeloom.interface import manifest as manifests
from spikeloom.interface.boards import Board, find_board
from spikeloom.interface.handoff import hwh_text, system_of
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.verilog import checked, memory_files
from spikeloom.progress import Progress, silent

__all__ = ["CLOCK_MHZ", "FAMILIES", "TOOLS", "absent", "build", "collect", "prepare"]

TOOLS = (*installed.PLACERS, *installed.ASSEMBLERS)
"""Names on PATH; of the first two one is enough, see :func:`absent`."""

FAMILIES = ("xc7",)

DEVICES = ("xc7z020clg400-1",)
"""Parts that the steps were written for."""

CLOCK_MHZ = 50.0
"""What the flow begins with unless another clock is asked for: low enough for a first run of tools
that do not know all delays.
"""

RESULT = "shell"
"""Base name of the files that it hands on."""

RESULTS = (f"{RESULT}.bit", f"{RESULT}.hwh")

MADE = (
    *(f"{TOP}.{kind}" for kind in ("json", "fasm", "frames", "bit")),
    steps.CELLS,
    steps.REPORT,
    steps.SUMS,
)

README = """# {name} on {board}, for open tools

Everything that they need. On a machine with yosys, nextpnr for Xilinx (nextpnr-himbaechel or
nextpnr-xilinx), fasm2frames and xc7frames2bit, as openXC7 packages them, set {chipdb} to
nextpnr's chip database of {part} and {prjxray} to the folder of the Project X-Ray database, and
there:

    sh run.sh

It ends with `{bit}` and `{sums}`, or with an error in the log of the step that failed. Copy the
whole folder back and read it with `spikeloom bitstream DIR --flow open --from FOLDER`. `{sums}`
holds the SHA-256 of manifest, Verilog and bitstream as the run has left them: with another file
in its place the folder is refused. It is no signature: who writes it by hand can make it say
anything.

The plan's clock is {clock:g} MHz; the manifest is {identity}.
"""


def target_board(manifest: Manifest) -> Board:
    """The board of a network. Raises SpikeLoomError where these tools make no bitstream for it."""
    board = find_board(manifest.board)
    if board.part not in DEVICES:
        raise SpikeLoomError(
            f"--flow open: makes bitstreams for {', '.join(DEVICES)}, not for {board.part}"
            f" ({board.name}); take --flow vivado"
        )
    return board


def prepare(network: Path, target: Path) -> None:
    """Write the folder that the tools build an emitted network from, whole or not at all. The same
    network gives the same bytes, and where they are there already nothing is touched: results of a
    run stay.

    Raises SpikeLoomError where the network is not emitted or does not belong to its manifest, where
    its board is another one, and where the folder cannot be written.
    """
    manifest = manifests.load(network)
    board = target_board(manifest)
    check_rtl(network, manifest)
    texts = {
        f"rtl/{name}": (
            existing(network / "rtl" / name, "the Verilog of 'spikeloom emit'").read_text(
                encoding="utf-8"
            )
        )
        for name in VERILOG
    }
    texts |= {
        f"rtl/{path.name}": path.read_text(encoding="utf-8")
        for path in checked(network, manifest)[1:]
    }
    texts |= {
        "manifest.json": manifest.to_json(),
        steps.SCRIPT: steps.script(),
        steps.CONSTRAINTS: steps.constraints(),
        "run.sh": steps.run_text(board.part, manifest.clock_mhz),
        "README.md": README.format(
            name=manifest.name,
            board=board.name,
            part=board.part,
            chipdb=installed.CHIPDB,
            prjxray=installed.PRJXRAY_DB,
            bit=BIT,
            sums=steps.SUMS,
            clock=manifest.clock_mhz,
            identity=manifest.identity,
        ),
    }
    with replacing_folder(target) as folder:
        for name, text in texts.items():
            save_text(folder / name, text)
        (folder / "run.sh").chmod(0o755)


def clean(target: Path) -> None:
    """Nothing of another run is left. Raises SpikeLoomError where a folder is in the way."""
    for name in (*MADE, *RESULTS):
        logs.start_anew(target / name)


def discard(target: Path, *names: str) -> None:
    """Results are gone, as far as that can be: an error that is on its way is more telling than one
    of this.
    """
    for name in names:
        with suppress(OSError):
            (target / name).unlink(missing_ok=True)


def build(target: Path, progress: Progress = silent) -> Built:
    """Run the tools in a folder of :func:`prepare`, and read what they made.

    Raises TimingError where nextpnr's estimate is below the plan's clock, CapacityError where the
    design is larger than the board, ToolError naming the log where a tool is missing, dies or
    leaves no result, SpikeLoomError where a database is missing. None of them leaves a bitstream.
    """
    manifest = manifests.load(target)
    board = target_board(manifest)
    try:
        clean(target)
        run(target, manifest, board, progress)
        return collect(target)
    except BaseException:
        discard(target, BIT, steps.SUMS, *RESULTS)
        raise


def run(target: Path, manifest: Manifest, board: Board, progress: Progress) -> None:
    """All steps. What can be known to fail is looked at before the first one."""
    check_rtl(target, manifest)
    if absent():
        raise ToolError(f"--flow open: {', '.join(absent())} is not on PATH")
    databases = installed.databases(board.part)
    places = {"chip": str(databases.chip), "parts": str(databases.parts)}
    rest = (
        *steps.placing(installed.placer(), board.part, manifest.clock_mhz),
        *steps.assembling(board.part),
    )
    progress("synthesis", 0, len(rest) + 1)
    synthesise_here(target)
    report.check_fit(report.resources(report.cells(target)), board)
    for number, step in enumerate(rest, 1):
        progress(step.title, number, len(rest) + 1)
        run_step(target, step, steps.filled(step, places))
        if step.makes == steps.FASM:
            check_clock(target, manifest)
    fingerprint.write(target)


def synthesise_here(target: Path) -> None:
    """The first step, with the Yosys of this Python; unless the cache holds what it left."""
    step = steps.synthesis()
    command = [sys.executable, "-c", yosys.RUN, *step.command[1:]]
    verilog = [target / "rtl" / name for name in VERILOG]
    memories = [
        path.with_name(name)
        for path in verilog
        for name in memory_files(path.read_text(encoding="utf-8"))
    ]
    read = [path.read_bytes() for path in (target / steps.SCRIPT, *verilog, *memories)]
    with builds.entry("yosys", builds.key_of([yosys.version(), *command[2:], *read])) as kept:
        if not kept.take(target):
            # Yosys puts files where TMPDIR says, and would leave them there when it is ended.
            run_step(target, step, command, {"TMPDIR": str(target.resolve())})
            made = (step.makes, steps.CELLS, step.log, "yosys.log")
            kept.keep(*(target / name for name in made))


def run_step(
    target: Path, step: Step, command: list[str], environment: dict[str, str] | None = None
) -> None:
    """One step. Raises ToolError where it fails, or has not made its file."""
    log = target / step.log
    logs.start_anew(log)
    try:
        tools.run(command, folder=target, log=log, what=step.title, environment=environment)
    except ToolError:
        if step.needed:
            raise
    result = target / step.makes
    if step.makes and not (result.is_file() and result.stat().st_size):
        raise ToolError(
            f"{step.title}: {Path(command[0]).name} ended well, but left no {step.makes}; its log:"
            f" {log}"
        )


def check_clock(folder: Path, manifest: Manifest) -> None:
    """Raises TimingError where nextpnr's estimate does not reach the plan's clock."""
    found = report.placed(folder).fmax_mhz
    if found >= manifest.clock_mhz:
        return
    possible = reachable(system_of(manifest).pll_mhz, found)
    raise TimingError(
        f"{manifest.clock_mhz:g} MHz: nextpnr estimates {found:.1f} MHz; its log:"
        f" {folder / report.LOG}; take --clock-mhz {possible:g}, or less since it is an estimate",
        possible,
    )


def collect(folder: Path) -> Built:
    """What a run has left in a folder of :func:`prepare`, here or on another machine, after checks.

    The bitstream's header gets the first 32 bits of the manifest's identity as ``UserID``: no other
    tool of this flow knows of it. Raises SpikeLoomError where a file is missing, cut short or not
    the one that a whole run has left, where Verilog and manifest do not belong together, or where
    the logs hold what cannot be; CapacityError where the design is larger than the board;
    TimingError where the clock is not reached.
    """
    discard(folder, *RESULTS)
    manifest = manifests.load(folder)
    board = target_board(manifest)
    check_rtl(folder, manifest)
    raw = folder / BIT
    if not raw.is_file():
        raise SpikeLoomError(
            f"{raw}: expected the result of the open tools, found none; run 'sh run.sh' there and"
            " look at its logs"
        )
    fingerprint.check(folder)
    report.check_fit(report.resources(report.cells(folder)), board)
    check_clock(folder, manifest)
    named = bitfile.named(bitfile.read(raw), manifest.identity)
    bitfile.check(named, board.part, manifest.identity, str(raw))
    tool = ", ".join(report.names(folder)) or "open tools of unknown version"
    figures = report.figures(folder, board, manifest.clock_mhz, tool)
    bit, hwh = (folder / name for name in RESULTS)
    save_text(hwh, hwh_text(manifest))
    bitfile.write(bit, named)
    return Built(bit, hwh, tool, figures)
