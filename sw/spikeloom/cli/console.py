"""What the command line shows: one progress bar at a time, and one closing screen."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import (
    Progress as RichProgress,
)
from rich.table import Table
from rich.text import Text

from spikeloom.interface.performance import Performance
from spikeloom.progress import Progress
from spikeloom.verify.verdict import Verdict

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


def bars(console: Console) -> AbstractContextManager[Progress]:
    """A callback that shows what is being done: bars that move on a terminal, plain lines in a file
    or a pipe.
    """
    return moving(console) if console.is_interactive and console.file.isatty() else lines(console)


@contextmanager
def lines(console: Console) -> Iterator[Progress]:
    """One line when a thing begins, and one when it has ended."""
    begun: dict[str, float] = {}

    def ended() -> None:
        for what, start in begun.items():
            say(f"{TITLES.get(what, what)}: done in {time.monotonic() - start:.1f} s")
        begun.clear()

    def say(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(what: str, done: int, total: int) -> None:
        if what not in begun:
            ended()
            begun[what] = time.monotonic()
            say(f"{TITLES.get(what, what)} ...")

    yield show
    ended()


@contextmanager
def moving(console: Console) -> Iterator[Progress]:
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


def plain(title: str, *heads: str) -> Table:
    """A table whose first column is text and whose others are numbers."""
    table = Table(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for k, head in enumerate(heads):
        table.add_column(
            head, justify="left" if k == 0 else "right", no_wrap=k != 1, overflow="fold"
        )
    return table


def spaced(number: float, digits: int = 0) -> str:
    """Thousands apart, as 12 345."""
    return f"{number:,.{digits}f}".replace(",", "\u202f")


def summary(p: Performance) -> Table:
    """Accuracy of every rung, latency, interval and frame rate."""
    table = plain(f"{p.network} on {p.board}: {spaced(p.images)} images", "", "", "")
    table.show_header = False
    for rung, share in p.accuracy.items():
        table.add_row(
            f"accuracy, {rung}", f"{100 * share:.2f} %", f"{round(share * p.images)} of {p.images}"
        )
    if p.identical:
        table.add_row(
            "identical image by image", " = ".join(p.identical), "every output, compared with =="
        )
    for what, cycles in (
        ("min", p.latency.min),
        ("median", p.latency.median),
        ("p99", p.latency.p99),
    ):
        table.add_row(
            f"latency, {what}",
            f"{spaced(cycles)} cycles",
            f"{spaced(cycles / p.clock_mhz, 2)} µs",
        )
    if p.interval is not None and p.frames_per_second is not None:
        table.add_row(
            "initiation interval",
            f"{spaced(p.interval.mean, 1)} cycles",
            f"{spaced(p.interval.mean / p.clock_mhz, 2)} µs",
        )
        table.add_row("frames per second", spaced(p.frames_per_second), "pipeline kept full")
    return table


def shortened(name: str, most: int) -> str:
    """The name, or its beginning and its end: names often differ in one of them."""
    if len(name) <= most:
        return name
    return f"{name[: most // 2]}…{name[len(name) - (most - 1) // 2 :]}"


def layers(p: Performance, console: Console) -> Table:
    """The figures of every layer; names give way where the screen is narrow."""
    spare = console.width - console.measure(figures(p, SHORTEST)).maximum
    return figures(p, SHORTEST + spare)


def figures(p: Performance, name_width: int) -> Table:
    """Per layer, per image: spikes, sparsity of every plane, synaptic operations, cycles, how
    busy.
    """
    table = plain(
        "per layer and image; bits not set, by plane",
        "layer",
        "kind",
        "spikes",
        "not set %",
        "syn.ops",
        "cycles",
        "busy %",
    )
    table.columns[1].justify = "left"
    table.columns[3].no_wrap = False
    for row in p.stream:
        sparsity = " ".join(f"{100 * s:.0f}" for s in row.sparsity) or "–"
        engine = (
            (
                spaced(row.synaptic / p.images),
                spaced(row.busy / p.images),
                f"{100 * row.share(row.busy):.1f}",
            )
            if row.cycles
            else ("", "", "")
        )
        table.add_row(
            escape(shortened(row.name, name_width)),
            row.kind,
            spaced(sum(row.spikes) / p.images) if row.spikes else "–",
            sparsity,
            *engine,
        )
    return table


def closing(console: Console, p: Performance, page: Path) -> None:
    """The one screen that a simulation ends with."""
    console.print()
    console.print(summary(p))
    console.print()
    console.print(layers(p, console))
    console.print()
    console.print(
        f"Cycles and counts are simulated. Times assume {p.clock_mhz:g} MHz; no board"
        " confirmed it.",
        style="dim",
    )
    console.print(f"Report: {page}", markup=False, highlight=False, soft_wrap=True)


def verdicts(console: Console, found: Sequence[Verdict]) -> None:
    """One row per rung, and a line per difference."""
    table = plain("compared with the golden model", "rung", "compared with ==", "images", "")
    table.columns[1].justify = "left"
    for verdict in found:
        style = "red" if verdict.differences else "yellow" if verdict.result != "equal" else ""
        table.add_row(
            verdict.rung, verdict.compared, str(verdict.images or "–"), Text(verdict.result, style)
        )
    console.print(table)
    for verdict in found:
        if verdict.note:
            console.print(verdict.note, style="dim", markup=False, soft_wrap=True)
        for line in verdict.differences:
            console.print(line, style="bold red", markup=False, soft_wrap=True)
