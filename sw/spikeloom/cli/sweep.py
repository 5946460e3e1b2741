"""The command ``spikeloom sweep``: its options, and what it shows while it runs and at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from spikeloom.cli import console as screen
from spikeloom.cli.console import TITLES, note, say, warn
from spikeloom.display import duration
from spikeloom.files import folder_to_write
from spikeloom.progress import Progress

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
    board: Annotated[str, typer.Option(help="a file of bitstreams/boards")] = "pynq-z2",
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
    from spikeloom.mapping.search.schedule import read_overrides
    from spikeloom.train.zoo import find

    grid = Grid(
        penalties(spike_penalty or []),
        per_layer("--steps", steps or []),
        per_layer("--weight-bits", weight_bits or []),
        seeds=seeds,
    )
    hardware = Hardware(
        board, target_fps, clock_mhz, read_overrides(folding) if folding else None, images
    )
    with watch() as progress:
        done = run.sweep(
            find(net),
            output,
            grid,
            hardware,
            epochs=epochs,
            data_dir=data_dir,
            anew=anew,
            progress=progress,
            shown=warn,
        )
    if done.reused:
        say(f"{done.reused} of {len(done.runs)} trainings were there already")
    say(done)
    note("Accuracy, spikes: frozen network, whole test set. Cycles: cycle model. LUT: estimated.")
    say(f"{output / 'sweep.csv'}, {output / 'sweep.svg'}")


SWEEP_TITLES = TITLES | {
    "train": "training",
    "torch": "test set",
    "check": "checking every network",
}

TRAINING = 0.9
"""Share of a point's time that its training is taken to take."""


class Clock:
    """How much of all points is done, and how long the rest will take if it goes on like this."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now, self.begun = now, now()
        self.point, self.points, self.part = 0, 0, 0.0

    def told(self, what: str, done: int, total: int) -> None:
        if what == "points":
            self.begun = self.begun if self.points else self.now()
            self.point, self.points, self.part = done, total, 0.0
        elif what == "train" and total:
            self.part = TRAINING * done / total

    @property
    def share(self) -> float:
        return min(1.0, (self.point + self.part) / self.points) if self.points else 0.0

    @property
    def left(self) -> str:
        """As text; "" before anything is known and when all is done."""
        if not 0 < self.share < 1:
            return ""
        return f"about {duration((self.now() - self.begun) * (1 - self.share) / self.share)} left"


def watch() -> AbstractContextManager[Progress]:
    """A callback for :func:`spikeloom.bench.sweep.run.sweep`: a bar that moves on a terminal, plain
    lines in a file or a pipe.
    """
    return moving() if screen.on_terminal() else lines()


@contextmanager
def lines() -> Iterator[Progress]:
    """One line per point."""
    clock = Clock()

    def show(what: str, done: int, total: int) -> None:
        clock.told(what, done, total)
        if what == "points" and done < total:
            text = ", ".join(filter(None, (f"point {done + 1} of {total}", clock.left)))
            say(text)

    yield show


@contextmanager
def moving() -> Iterator[Progress]:
    """One bar for all points; beside it what is being done."""
    clock = Clock()
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with RichProgress(
        *columns, TextColumn("{task.fields[left]}"), console=screen.console
    ) as progress:
        bar = progress.add_task("", total=None, left="")

        def show(what: str, done: int, total: int) -> None:
            clock.told(what, done, total)
            of = f" {done} of {total}" if total and what in ("train", "check") else ""
            where = (
                f"point {min(clock.point + 1, clock.points)} of {clock.points}: "
                if clock.points
                else ""
            )
            step = "" if what == "points" else SWEEP_TITLES.get(what, what)
            progress.update(
                bar,
                description=f"{where}{step}{of}",
                completed=clock.share,
                total=1.0 if clock.points else None,
                left=clock.left,
            )

        yield show
