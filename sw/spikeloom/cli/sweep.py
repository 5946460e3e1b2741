"""The command ``spikeloom sweep``: its options, and what it shows at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spikeloom.files import folder_to_write

AXIS = "2,4 for all layers, fc1=8 for one, fc1=4:8 for one with several; may be given again"


def sweep(
    net: Annotated[
        str,
        typer.Argument(
            metavar="NET", help="a network of SpikeLoom, or file.py:function that returns one"
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", parser=folder_to_write, help="folder to write"
        ),
    ],
    spike_penalty: Annotated[
        list[str] | None,
        typer.Option(metavar="P,P", help="weights of the spike penalty; 0 without"),
    ] = None,
    steps: Annotated[
        list[str] | None, typer.Option(metavar="T,T", help=f"time steps of the neurons: {AXIS}")
    ] = None,
    weight_bits: Annotated[
        list[str] | None, typer.Option(metavar="B,B", help=f"width of the weights: {AXIS}")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="trainings of every point")] = 1,
    epochs: Annotated[int | None, typer.Option(min=1, help="passes over the training data")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="folder with MNIST or CIFAR-10 in their own files")
    ] = None,
    board: Annotated[str, typer.Option(help="pynq-z2 or zcu104")] = "pynq-z2",
    target_fps: Annotated[
        float | None, typer.Option(help="frames per second to fold for; a modest size without")
    ] = None,
    clock_mhz: Annotated[
        float | None, typer.Option(help="clock to assume; the board's usual one without")
    ] = None,
    folding: Annotated[
        Path | None, typer.Option(help="folding numbers by node (.json), the same for all points")
    ] = None,
    images: Annotated[
        int, typer.Option(min=2, help="test images that go through the cycle model")
    ] = 16,
    anew: Annotated[bool, typer.Option("--anew", help="make everything again")] = False,
) -> None:
    """Train over a grid of spike penalty, time steps and weight width; write the points and their
    front. Goes on where it stopped.
    """
    from spikeloom.bench.sweep import run
    from spikeloom.bench.sweep.grid import Grid, penalties, per_layer
    from spikeloom.bench.sweep.jobs import Hardware
    from spikeloom.cli import sweep_screen
    from spikeloom.mapping.search.schedule import read_overrides
    from spikeloom.train.zoo import find

    console = Console(highlight=False)
    grid = Grid(
        penalties(spike_penalty or []),
        per_layer("--steps", steps or []),
        per_layer("--weight-bits", weight_bits or []),
        seeds=seeds,
    )
    hardware = Hardware(
        board, target_fps, clock_mhz, read_overrides(folding) if folding else None, images
    )
    with sweep_screen.watch(console) as progress:
        done = run.sweep(
            find(net),
            output,
            grid,
            hardware,
            epochs=epochs,
            data_dir=data_dir,
            anew=anew,
            progress=progress,
            shown=lambda line: console.print(
                f"warning: {line}", style="yellow", markup=False, soft_wrap=True
            ),
        )
    if done.reused:
        console.print(f"{done.reused} of {len(done.runs)} trainings were there already")
    console.print(f"{done}", markup=False, soft_wrap=True)
    console.print(
        "Accuracy, spikes: frozen network, whole test set. Cycles: cycle model. LUT: estimated.",
        style="dim",
        soft_wrap=True,
    )
    console.print(f"{output / 'sweep.csv'}, {output / 'sweep.svg'}", markup=False, soft_wrap=True)
