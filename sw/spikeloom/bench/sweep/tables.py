"""The points of a sweep as CSV files, the same bytes for the same points, and as a table to look
at.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path

from spikeloom.bench.sweep.figures import Figures
from spikeloom.bench.sweep.summary import Row, Run
from spikeloom.display import NO_NUMBER, Table, between, count, percent, ratio
from spikeloom.files import save_text

POINTS_FILE = "sweep.csv"
RUNS_FILE = "runs.csv"

NAMES = {
    "cycles": "cycles_simulated",
    "latency_cycles": "latency_cycles_simulated",
    "simulated": "images_simulated",
}
NAMES |= {name: f"{name}_estimated" for name in ("lut", "ff", "bram18", "uram", "dsp")}
"""Columns say how a number came about; the other columns are counted or computed on the frozen
network.
"""

SPREAD = ("accuracy", "spikes", "cycles", "lut")
"""Columns that are followed by their standard deviation over the seeds."""

MEANS: tuple[str, ...]
MEANS = (
    "accuracy",
    "bit_budget",
    "s_ace",
    "ns_ace",
    "stored_bits",
    "spikes",
    "density",
    "cycles",
    "latency_cycles",
    "cycles_estimated",
)
MEANS += ("lut", "ff", "bram18", "uram", "dsp")


def number(value: float) -> str:
    """Seven digits, without an exponent where it can be read without."""
    return f"{value:.7g}" if abs(value) < 1e7 else f"{value:.0f}"


def write(folder: Path, found: Sequence[Row], runs: Sequence[Run]) -> None:
    """Write both files: a row per point, and one per training."""
    _write(folder / POINTS_FILE, [_point(row) for row in found])
    _write(folder / RUNS_FILE, [_run(run, folder) for run in runs])


def _write(path: Path, lines: Iterable[Mapping[str, str]]) -> None:
    heads = list(dict.fromkeys(head for line in lines for head in line))
    text = io.StringIO()
    writer = csv.DictWriter(text, heads, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    save_text(path, text.getvalue())


def _point(row: Row) -> dict[str, str]:
    line = {
        "front": str(int(row.front)),
        "spike_penalty": repr(row.spike_penalty),
        "steps": row.steps,
        "weight_bits": row.weight_bits,
    }
    line |= {"seeds": str(len(row.figures)), "note": "; ".join(row.notes)}
    if not row.figures:
        return line
    line |= {"images": str(row.images)}
    for field in MEANS:
        line[NAMES.get(field, field)] = number(row.mean(field))
        if field == "accuracy":
            line |= dict(
                zip(("accuracy_low", "accuracy_high"), map(number, row.interval), strict=True)
            )
        if field in SPREAD:
            deviation = row.deviation(field)
            line[f"{NAMES.get(field, field)}_deviation"] = (
                "" if deviation is None else number(deviation)
            )
    return line


def _run(run: Run, folder: Path) -> dict[str, str]:
    job = run.job
    line = {
        "spike_penalty": repr(job.spike_penalty),
        "steps": job.steps,
        "weight_bits": job.weight_bits,
        "seed": str(job.seed),
    }
    line |= {"folder": job.folder.relative_to(folder).as_posix(), "note": run.note}
    if run.figures is not None:
        line |= {
            NAMES.get(field.name, field.name): number(asdict(run.figures)[field.name])
            for field in fields(Figures)
        }
    return line


HEADS = (
    "penalty",
    "T",
    "weight bits",
    "accuracy (95 %)",
    "bit budget",
    "spikes",
    "set",
    "cycles",
    "LUT",
    "front",
)


def table(title: str, found: Sequence[Row]) -> Table:
    """One line per point; ``±`` is the standard deviation over the seeds."""
    return Table(title, HEADS, tuple(_shown(row) for row in found))


def _shown(row: Row) -> tuple[str, ...]:
    settings = (f"{row.spike_penalty:g}", row.steps, row.weight_bits)
    if not row.figures:
        return (*settings, *[NO_NUMBER] * (len(HEADS) - len(settings)))
    accuracy = _spread(row, "accuracy", partial(percent, digits=2))
    return (
        *settings,
        f"{accuracy} ({between(*row.interval)})",
        ratio(row.mean("bit_budget")),
        _spread(row, "spikes"),
        percent(row.mean("density")),
        _spread(row, "cycles"),
        _spread(row, "lut"),
        "*" if row.front else "",
    )


def _spread(row: Row, field: str, text: Callable[[float], str] = count) -> str:
    deviation = row.deviation(field)
    mean = text(row.mean(field))
    return mean if deviation is None else f"{mean} ±{text(deviation)}"
