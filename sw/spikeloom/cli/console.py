"""What the command line shows: lines, one progress bar at a time, and tables."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as RichProgress
from rich.table import Table as RichTable

from spikeloom.display import Table, duration, shortened
from spikeloom.progress import Progress

console = Console(highlight=False, emoji=False)
"""Where commands print to: standard output."""

TITLES = {
    "rows": "rows of the benchmark",
    "tries": "twin with a spike penalty",
    "twins": "SpikePack and LIF, one network after the other",
    "cycles": "cycle model",
    "match": "bit-parallel plan of as many LUTs",
    "train": "training",
    "torch": "torch, the frozen network",
    "onnx": "QONNX executor",
    "golden": "golden model, integers",
    "steps": "golden model and cycle model, fewer time steps",
    "export": "trained.onnx",
    "freeze": "model.onnx, every neuron proven",
    "read": "reading and proving every neuron",
    "density": "share of set bits on the calibration inputs",
    "schedule": "folding for the board",
    "waves": "waves",
    "emit": "Verilog",
    "build": "building the simulation (Verilator, C++)",
    "single": "hardware, image by image",
    "stream": "hardware, pipeline kept full",
    "csim build": "C simulation, compiling",
    "csim": "C simulation",
    "vitis hls": "Vitis HLS, many minutes",
    "alone": "jobs of one image, from start to done",
    "power": "power, idle and active",
    "yosys": "synthesis (Yosys), some minutes",
    "paths": "longest paths",
}


SHORTEST = 12
"""Characters of a layer's name that every screen is wide enough for."""

WRAPPED = 24
"""Characters of the widest column of text that every screen is wide enough for: it has more lines
where there is no room.
"""


def say(line: object, style: str = "") -> None:
    """One line, however long, as it is."""
    console.print(f"{line}", style=style, markup=False, highlight=False, soft_wrap=True)


def note(line: str) -> None:
    """What else a user should know."""
    say(line, "dim")


def warn(line: str) -> None:
    """What a user should look at."""
    say(f"warning: {line}", "yellow")


def show_differences(lines: Iterable[str]) -> int:
    """Where something is not the golden model's, a line each; the exit status."""
    status = 0
    for line in lines:
        say(line, "bold red")
        status = 1
    return status


def say_error(line: str) -> None:
    """One line on standard error."""
    Console(stderr=True, highlight=False, emoji=False).print(line, markup=False, soft_wrap=True)


def on_terminal() -> bool:
    """Whether a terminal shows what is printed: in a file or a pipe nothing can move."""
    return console.is_interactive and console.file.isatty()


def bars() -> AbstractContextManager[Progress]:
    """A callback that shows what is being done: bars that move on a terminal, plain lines in a file
    or a pipe.
    """
    return moving() if on_terminal() else lines()


@contextmanager
def lines() -> Iterator[Progress]:
    """One line when a thing begins, and one when it has ended."""
    begun: dict[str, float] = {}

    def ended() -> None:
        for what, start in begun.items():
            say(f"{TITLES.get(what, what)}: done in {duration(time.monotonic() - start)}")
        begun.clear()

    def show(what: str, done: int, total: int) -> None:
        if what not in begun:
            ended()
            begun[what] = time.monotonic()
            say(f"{TITLES.get(what, what)} ...")

    yield show
    ended()


@contextmanager
def moving() -> Iterator[Progress]:
    """One bar per thing that is done."""
    with RichProgress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as progress:
        tasks: dict[str, int] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                finish(progress)
                tasks[what] = progress.add_task(escape(TITLES.get(what, what)), total=total or None)
            progress.update(tasks[what], completed=done, total=total or None)  # type: ignore[arg-type]

        yield show
        finish(progress)


def finish(progress: RichProgress) -> None:
    """What comes next begins when the one before has ended."""
    for task in progress.tasks:
        if not task.finished:
            progress.update(task.id, total=task.total or 1, completed=task.total or 1)


def rich_table(table: Table, width: int, styles: Sequence[str] = ()) -> RichTable:
    """A table for a screen of so many columns: names give way first, then the widest column of text
    takes more lines. styles: of the rows.
    """
    made = RichTable(
        show_header=any(table.heads),
        header_style="dim",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    columns = zip(table.heads, *table.rows, strict=True)
    widths = [max(map(cell_len, column)) for column in columns]
    text = [k for k, number in enumerate(table.numeric) if k and not number]
    widest = max(text, key=lambda k: widths[k], default=0)
    for k, (head, number) in enumerate(zip(table.heads, table.numeric, strict=True)):
        made.add_column(
            head, justify="right" if number else "left", no_wrap=k != widest, overflow="fold"
        )
    rest = sum(min(w, WRAPPED) if k == widest else w for k, w in enumerate(widths) if k)
    room = max(SHORTEST, width - rest - 2 * (len(widths) - 1))
    for k, (name, *cells) in enumerate(table.rows):
        style = styles[k] if styles else ""
        made.add_row(escape(shortened(name, room)), *map(escape, cells), style=style)
    return made


def show(tables: Iterable[Table], styles: Sequence[str] = ()) -> None:
    """Tables under their titles, and an empty line."""
    for table in tables:
        console.print()
        console.print(table.title, style="bold", markup=False, highlight=False)
        console.print(rich_table(table, console.width, styles))
    console.print()
