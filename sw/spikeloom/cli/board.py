"""The commands ``spikeloom measure`` and ``spikeloom deploy``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikeloom.cli.console import bars, note, say, show, show_differences
from spikeloom.cli.images import images_of
from spikeloom.cli.options import InputFile, NetworkFolder, TimeSteps


def measure(
    folder: NetworkFolder,
    input: InputFile = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="take so many images from the beginning; default all")
    ] = None,
    steps: TimeSteps = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="show this measure.json, e.g. of a board, and measure nothing"),
    ] = None,
) -> int:
    """Latency, sparsity and operations of the board's driver: on the board where there is one, else
    on the simulated board.
    """
    from spikeloom.accelerator import Accelerator
    from spikeloom.cli import measure as measured
    from spikeloom.driver.measurement import tables

    if source is not None:
        result = measured.read(folder, source)
    else:
        accelerator = Accelerator.load(folder)
        x, _ = images_of(folder, input, None)
        say(measured.device_line())
        with bars() as progress:
            result = measured.measure(accelerator, x[:images], progress, steps)
    page = measured.write(folder, result.measurement)
    show(tables(result.measurement))
    if result.measurement.source == "simulated":
        note("Counted in the Verilated RTL; times assume the clock, which no board has confirmed.")
    say(page)
    return show_differences(result.differences)


def deploy(
    folder: NetworkFolder,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="folder to write; default DIR/deploy")
    ] = None,
    input: InputFile = None,
) -> None:
    """Make a folder that tests and measures the network on a board with one command."""
    from spikeloom.accelerator import Accelerator
    from spikeloom.backend import deploy as deploying

    accelerator = Accelerator.load(folder)
    x, _ = images_of(folder, input, None)
    if not deploying.has_bitstream(
        folder, accelerator.plan
    ):  # a bitstream that is there counts, whichever engine it was made with
        accelerator.emit_if_need_be()
    made = deploying.deploy(
        folder, accelerator.plan, x[: deploying.SAMPLES], output or folder / "deploy"
    )
    say(f"{made.folder}: copy it to the board and type there: {deploying.COMMAND}")
    if made.missing:
        say(f"The bitstream is still missing: {made.missing}")
