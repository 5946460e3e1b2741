"""What the command line shows: one progress bar at a time, and one closing screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from spikeloom import facade
from spikeloom.report.performance import Performance
from spikeloom.verdicts import Verdict

TITLES = {
    "torch": "torch, the frozen network",
    "onnx": "QONNX executor",
    "golden": "golden model, integers",
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
}


@contextmanager
def bars(console: Console) -> Iterator[facade.Progress]:
    """A callback that draws one line per thing that is done."""
    with Progress(
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


def finish(progress: Progress) -> None:
    """What comes next begins when the one before has ended."""
    for task in progress.tasks:
        if not task.finished:
            progress.update(task.id, total=task.total or 1, completed=task.total or 1)


def plain(title: str, *heads: str) -> Table:
    """A table whose first column is text and whose others are numbers."""
    table = Table(
        title=escape(title), title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for k, head in enumerate(heads):
        table.add_column(head, justify="left" if k == 0 else "right", no_wrap=k != 1, overflow="fold")
    return table


def spaced(number: float, digits: int = 0) -> str:
    """Thousands apart, as 12 345."""
    return f"{number:,.{digits}f}".replace(",", "\u202f")


def summary(p: Performance) -> Table:
    """Accuracy of every rung, latency, interval and frame rate."""
    table = plain(f"{p.network} on {p.board}: {spaced(p.images)} images", "", "", "")
    table.show_header = False
    for rung, share in p.accuracy.items():
        table.add_row(f"accuracy, {rung}", f"{100 * share:.2f} %", f"{round(share * p.images)} of {p.images}")
    if p.identical:
        table.add_row("identical image by image", " = ".join(p.identical), "every output, compared with ==")
    for what, cycles in (("min", p.latency.min), ("median", p.latency.median), ("p99", p.latency.p99)):
        table.add_row(f"latency, {what}", f"{spaced(cycles)} cycles", f"{spaced(p.microseconds(cycles), 2)} µs")
    if p.interval_cycles is not None and p.frames_per_second is not None:
        table.add_row("initiation interval", f"{spaced(p.interval_cycles, 1)} cycles", f"{spaced(p.microseconds(p.interval_cycles), 2)} µs")
        table.add_row("frames per second", spaced(p.frames_per_second), "pipeline kept full")
    return table


def layers(p: Performance) -> Table:
    """Per layer, per image: spikes, sparsity of every plane, synaptic operations, cycles, how busy."""
    table = plain("per layer and image", "layer", "kind", "spikes", "not set %, by plane", "syn.ops", "cycles", "busy %")
    table.columns[1].justify = "left"
    for row in p.stream:
        sparsity = " ".join(f"{100 * s:.0f}" for s in row.sparsity) or "–"
        engine = (
            (spaced(row.synaptic / p.images), spaced(row.busy / p.images), f"{100 * row.busy_share:.1f}") if row.cycles else ("", "", "")
        )
        table.add_row(escape(row.name), row.kind, spaced(sum(row.spikes) / p.images) if row.spikes else "–", sparsity, *engine)
    return table


def closing(console: Console, p: Performance, page: Path) -> None:
    """The one screen that a simulation ends with."""
    console.print()
    console.print(summary(p))
    console.print()
    console.print(layers(p))
    console.print()
    console.print(f"Cycles and counts are simulated; times assume a clock of {p.clock_mhz:g} MHz: no board confirmed it.", style="dim")
    console.print(f"Report: {page}", markup=False, highlight=False, soft_wrap=True)


def verdicts(console: Console, found: Sequence[Verdict]) -> None:
    """One row per rung, and a line per difference."""
    table = plain("compared with the golden model", "rung", "compared with ==", "images", "")
    table.columns[1].justify = "left"
    for verdict in found:
        style = "red" if verdict.differences else "yellow" if verdict.result != "equal" else ""
        table.add_row(verdict.rung, verdict.compared, str(verdict.images or "–"), Text(verdict.result, style))
    console.print(table)
    for verdict in found:
        if verdict.note:
            console.print(verdict.note, style="dim", markup=False, soft_wrap=True)
        for line in verdict.differences:
            console.print(line, style="bold red", markup=False, soft_wrap=True)
