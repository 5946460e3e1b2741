"""The front of a sweep as a picture: accuracy against each cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikeloom.bench.sweep.pareto import front
from spikeloom.bench.sweep.summary import Row
from spikeloom.report.plots import BLUE, GREY, RED, STYLE, write_both

AXES = {
    "bit_budget": "bit budget, T × bits of a weight",
    "spikes": "spikes per image",
    "cycles": "cycles per image (simulated by the cycle model)",
    "lut": "LUT (estimated)",
}


def write(folder: Path, title: str, rows: Sequence[Row]) -> None:
    """Write ``sweep.svg`` and ``sweep.png``; points without figures are left out."""
    with matplotlib.rc_context(STYLE):
        write_both(folder, "sweep", draw(title, [row for row in rows if row.figures]))


def draw(title: str, rows: Sequence[Row]) -> Figure:
    """A panel per cost. Filled: on the front over all costs. Line: the front over the panel's cost
    alone.
    """
    figure = Figure(figsize=(9.5, 7.0), layout="constrained")
    images = ", ".join(str(count) for count in sorted({row.images for row in rows}))
    figure.suptitle(
        f"{title}: frozen networks on {images} test images, 95 % intervals", parse_math=False
    )
    for k, (field, label) in enumerate(AXES.items()):
        axes = figure.add_subplot(2, 2, k + 1)
        points = [(row.mean(field), 100 * row.mean("accuracy")) for row in rows]
        _bars(axes, points, rows, field)
        _points(axes, points, rows)
        axes.set_xlabel(label)
        axes.set_ylabel("test accuracy, %")
    figure.axes[0].legend(frameon=False, loc="lower right")
    return figure


def _bars(
    axes: Axes, points: Sequence[tuple[float, float]], rows: Sequence[Row], field: str
) -> None:
    """The 95 % interval of the accuracy, and the deviation of the cost over the seeds."""
    for (x, y), row in zip(points, rows, strict=True):
        low, high = row.interval
        axes.errorbar(
            x,
            y,
            yerr=[[y - 100 * low], [100 * high - y]],
            xerr=row.deviation(field) or 0,
            color=GREY,
            linewidth=0.8,
            zorder=1,
        )


def _points(axes: Axes, points: Sequence[tuple[float, float]], rows: Sequence[Row]) -> None:
    for kept, color, label in (
        (True, BLUE, "on the front over all costs"),
        (False, "white", "not on that front"),
    ):
        some = [point for point, row in zip(points, rows, strict=True) if row.front is kept]
        axes.scatter(
            [x for x, _ in some],
            [y for _, y in some],
            s=26,
            color=color,
            edgecolors=BLUE,
            label=label,
            zorder=3,
        )
    best = sorted(
        point for point, on in zip(points, front([(x, -y) for x, y in points]), strict=True) if on
    )
    axes.step(
        [x for x, _ in best],
        [y for _, y in best],
        where="post",
        color=RED,
        linewidth=1,
        label="front of this panel",
        zorder=2,
    )
