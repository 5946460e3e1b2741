"""What a sweep shows while it runs: how many points are made, what is being done, and about how
long it will take.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from spikeloom.cli.console import TITLES
from spikeloom.progress import Progress

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


def duration(seconds: float) -> str:
    """Rounded: 40 s, 12 min, 3 h 20 min."""
    minutes = round(seconds / 60)
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def watch(console: Console) -> AbstractContextManager[Progress]:
    """A callback for :func:`spikeloom.bench.sweep.run.sweep`: a bar that moves on a terminal, plain
    lines in a file or a pipe.
    """
    return moving(console) if console.is_interactive and console.file.isatty() else lines(console)


@contextmanager
def lines(console: Console) -> Iterator[Progress]:
    """One line per point."""
    clock = Clock()

    def show(what: str, done: int, total: int) -> None:
        clock.told(what, done, total)
        if what == "points" and done < total:
            text = ", ".join(filter(None, (f"point {done + 1} of {total}", clock.left)))
            console.print(text, markup=False, highlight=False, soft_wrap=True)

    yield show


@contextmanager
def moving(console: Console) -> Iterator[Progress]:
    """One bar for all points; beside it what is being done."""
    clock = Clock()
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, TextColumn("{task.fields[left]}"), console=console) as progress:
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
