"""The command ``spikeloom steps``."""

from __future__ import annotations

from typing import Annotated

import typer

from spikeloom.cli.console import bars, note, say
from spikeloom.cli.images import images_of
from spikeloom.cli.options import InputFile, LabelFile, NetworkFolder


def steps(
    folder: NetworkFolder,
    input: InputFile = None,
    labels: LabelFile = None,
    images: Annotated[
        int | None,
        typer.Option(min=1, help="so many images go through the cycle model; default 16"),
    ] = None,
) -> None:
    """Accuracy and latency over the number of time steps, for the report. Goes on where it
    stopped.
    """
    from spikeloom.accelerator import Accelerator
    from spikeloom.report import curve

    accelerator = Accelerator.load(folder)
    x, y = images_of(folder, input, labels)
    with bars() as progress:
        found = accelerator.curve(x, y, images=images, progress=progress)
    say(found)
    note(f"{curve.HOW[0].upper()}{curve.HOW[1:]}.")
    say(folder / curve.FILE)
