"""The command ``spikeloom steps``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from spikeloom.cli.options import Folder, Given, Labels


def steps(
    folder: Folder,
    input: Given = None,
    labels: Labels = None,
    images: Annotated[
        int | None,
        typer.Option(min=1, help="so many images go through the cycle model; default 16"),
    ] = None,
) -> None:
    """Accuracy and latency over the number of time steps, for the report. Goes on where it
    stopped.
    """
    from spikeloom.accelerator import Accelerator
    from spikeloom.cli.console import bars
    from spikeloom.cli.images import images_of
    from spikeloom.report import curve

    console = Console(highlight=False)
    accelerator = Accelerator.load(folder)
    x, y = images_of(folder, input, labels)
    with bars(console) as progress:
        found = accelerator.curve(x, y, images=images, progress=progress)
    console.print(f"{found}", markup=False, soft_wrap=True)
    console.print(f"{curve.HOW[0].upper()}{curve.HOW[1:]}.", style="dim", soft_wrap=True)
    console.print(f"{folder / curve.FILE}", markup=False, soft_wrap=True)
