"""The commands ``spikeloom synth`` and ``spikeloom bitstream``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikeloom.cli.console import bars, say, say_error, show, warn
from spikeloom.cli.images import clock_of
from spikeloom.cli.options import NetworkFolder
from spikeloom.errors import SpikeLoomError

if TYPE_CHECKING:
    from spikeloom.backend.bitstream.build import Made

NO_TOOL = 3
"""All is there but the tools that go on from here."""


def synth(
    folder: NetworkFolder,
    board: Annotated[
        str | None,
        typer.Option(help="a file of bitstreams/boards; the one that was compiled for without"),
    ] = None,
) -> None:
    """Synthesise with Yosys: what every component takes of the board, how deep its logic is, and
    whether all of it fits.
    """
    from spikeloom.backend.yosys import resources, synthesis

    with bars() as progress:
        found = resources.resources(folder, board, progress)
    show(synthesis.tables(found))
    for line in synthesis.lines(found):
        say(line)
    for line in synthesis.warnings(found):
        warn(line)
    say(folder / resources.FILE)


def bitstream(
    folder: NetworkFolder,
    board: Annotated[
        str | None, typer.Option(help="board that the network must be compiled for")
    ] = None,
    flow: Annotated[
        str, typer.Option(help="vivado, or open: Yosys and nextpnr, for a PYNQ-Z2")
    ] = "vivado",
    clock_mhz: Annotated[
        str | None,
        typer.Option(
            metavar="F|auto", help="another clock than the plan's; auto searches the fastest"
        ),
    ] = None,
    ooc: Annotated[
        bool,
        typer.Option("--ooc", help="only synthesise, out of context: size and timing, quickly"),
    ] = False,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FOLDER", help="take what the tools made elsewhere in this folder"
        ),
    ] = None,
) -> int:
    """Build the bitstream; where its tools are missing, write the folder that is complete for them,
    and exit with status 3.
    """
    from spikeloom.accelerator import Accelerator
    from spikeloom.backend.bitstream import build

    accelerator = Accelerator.load(folder)
    if board is not None and board != accelerator.plan.board:
        raise SpikeLoomError(
            f"{folder}: was compiled for {accelerator.plan.board}; compile it with --board {board},"
            f" or call make with BOARD={board}"
        )
    clock = None if clock_mhz is None else clock_of(clock_mhz)

    if source is not None:
        if clock is not None:
            raise SpikeLoomError(
                "--clock-mhz: what --from takes was built for the clock in its manifest.json; leave"
                " --clock-mhz away"
            )
        made = build.collect(accelerator, flow, source, ooc=ooc, shown=say)
    else:
        with bars() as progress:
            made = accelerator.bitstream(
                flow, clock_mhz=clock, ooc=ooc, progress=progress, shown=say
            )
    closing(folder, flow, ooc, made)
    return NO_TOOL if made.missing else 0


def command(*words: str | Path) -> str:
    """A command as it can be pasted into a shell."""
    return shlex.join(map(str, words))


def missing(folder: Path, flow: str, ooc: bool, made: Made) -> str:
    """The one line of a run that had no tools."""
    back = command(
        "spikeloom", "bitstream", folder, "--flow", flow, *["--ooc"] * ooc, "--from", made.work
    )
    return (
        f"{', '.join(made.missing)}: not on PATH, so nothing was built. {made.work} is complete for"
        f" {made.clock_mhz:g} MHz: copy it to a machine with the tools, type 'sh run.sh' in it,"
        f" copy it back, and go on with: {back}"
    )


def closing(folder: Path, flow: str, ooc: bool, made: Made) -> None:
    """The figures of the tools, and what was made or is missing; that on standard error, for
    nothing was built.
    """

    if made.missing:
        say_error(missing(folder, flow, ooc, made))
        return
    for name, value in (made.figures or {}).items():
        if not isinstance(value, (dict, list)):
            say(f"{name}: {value}")
    if made.published is not None:
        say(
            f"{made.published}: bitstream for {made.clock_mhz:g} MHz, handoff file, manifest and"
            " report"
        )
        say(f"go on with: {command('spikeloom', 'deploy', folder)}")
