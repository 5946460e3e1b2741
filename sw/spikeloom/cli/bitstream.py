"""The command ``spikeloom bitstream``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spikeloom.cli.images import clock_of
from spikeloom.cli.options import Folder
from spikeloom.errors import SpikeLoomError

NO_TOOL = 3
"""All is there but the tools that go on from here."""


def bitstream(
    folder: Folder,
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
    from spikeloom.cli.bitstream_screen import closing
    from spikeloom.cli.console import bars

    console = Console(highlight=False)
    accelerator = Accelerator.load(folder)
    if board is not None and board != accelerator.plan.board:
        raise SpikeLoomError(
            f"{folder}: was compiled for {accelerator.plan.board}; compile it with --board {board},"
            f" or call make with BOARD={board}"
        )
    clock = None if clock_mhz is None else clock_of(clock_mhz)

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    if source is not None:
        if clock is not None:
            raise SpikeLoomError(
                "--clock-mhz: what --from takes was built for the clock in its manifest.json; leave"
                " --clock-mhz away"
            )
        made = build.collect(accelerator, flow, source, ooc=ooc, shown=say)
    else:
        with bars(console) as progress:
            made = accelerator.bitstream(
                flow, clock_mhz=clock, ooc=ooc, progress=progress, shown=say
            )
    closing(console, folder, flow, ooc, made)
    return NO_TOOL if made.missing else 0
