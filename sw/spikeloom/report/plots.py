"""Pictures as SVG text: deterministic, without scripts, names shown as plain text."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spikeloom.display import percent, shortened
from spikeloom.files import replacing, save_text
from spikeloom.interface.performance import LayerFigures
from spikeloom.report.curve import Point
from spikeloom.report.membrane import Histogram

STYLE: Any = {
    "svg.hashsalt": "spikeloom",
    "svg.fonttype": "path",
    "font.size": 9,
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
BLUE, GREY, RED = "#2f6f9f", "#c9d1d9", "#c8553d"


def svg(figure: Figure) -> str:
    """The figure as one ``<svg>`` element, the same text for the same picture."""
    buffer = io.StringIO()
    figure.savefig(
        buffer, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight"
    )
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def write_both(folder: Path, stem: str, figure: Figure) -> None:
    """Write ``stem.svg`` and ``stem.png``, without dates."""
    save_text(folder / f"{stem}.svg", svg(figure))
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=150, facecolor="white", metadata={"Software": None})
    with replacing(folder / f"{stem}.png") as stream:
        stream.write(image.getvalue())


def short(name: str) -> str:
    """A name that fits an axis, without characters that a font may not have."""
    plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in name)
    return shortened(plain, 28)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), labels=[short(name) for name in names], parse_math=False)


def density(rows: Sequence[LayerFigures]) -> str:
    """Share of set bits: one row per layer, one column per plane (the most significant first)."""
    return planes([(row.name, row.density) for row in rows], 0.5)


def planes(rows: Sequence[tuple[str, Sequence[float]]], top: float) -> str:
    """A share per plane: one row per name, darkest at the largest share, or at ``top`` if none is
    larger.
    """
    with matplotlib.rc_context(STYLE):
        columns = max(len(shares) for _, shares in rows)
        grid = np.full((len(rows), columns), np.nan)
        for k, (_, shares) in enumerate(rows):
            grid[k, : len(shares)] = shares
        dark = max(top, float(np.nanmax(grid)))
        figure = Figure(figsize=(1.8 + 0.75 * columns, 0.7 + 0.42 * len(rows)))
        axes = figure.add_subplot()
        axes.imshow(grid, cmap="Blues", vmin=0, vmax=dark, aspect="auto")
        for (k, t), share in np.ndenumerate(grid):
            if not np.isnan(share):
                axes.text(
                    t,
                    k,
                    percent(share),
                    ha="center",
                    va="center",
                    color="white" if share > 0.7 * dark else "black",
                    fontsize=8,
                )
        axes.set_xticks(range(columns), labels=[f"plane {t + 1}" for t in range(columns)])
        name_rows(axes, [name for name, _ in rows])
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        return svg(figure)


class Engine(Protocol):
    """What a layer did, in cycles of all images."""

    @property
    def name(self) -> str: ...
    @property
    def busy(self) -> int: ...
    @property
    def starved(self) -> int: ...
    @property
    def stalled(self) -> int: ...


def cycles(rows: Sequence[Engine], images: int, source: str = "simulated") -> str:
    """Cycles per image of each layer: busy, starved, stalled."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 0.9 + 0.42 * len(rows)))
        axes = figure.add_subplot()
        left = np.zeros(len(rows))
        for what, color in (("busy", BLUE), ("starved", GREY), ("stalled", RED)):
            width = np.array([getattr(row, what) / images for row in rows])
            axes.barh(range(len(rows)), width, left=left, color=color, label=what)
            left += width
        name_rows(axes, [row.name for row in rows])
        axes.invert_yaxis()
        axes.set_xlabel(f"cycles per image ({source}, pipeline kept full)")
        axes.legend(frameon=False, ncols=3, loc="lower right", bbox_to_anchor=(1, 1))
        return svg(figure)


def latency(cycles: Sequence[int], marks: Mapping[str, float], source: str) -> str:
    """How many images took how long; ``marks`` are lines with names."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 2.4))
        axes = figure.add_subplot()
        axes.hist(cycles, bins=min(60, max(1, len(set(cycles)))), color=BLUE)
        for k, (name, at) in enumerate(marks.items()):
            axes.axvline(
                at, color=RED, linewidth=0.9, linestyle=("-", "--", ":")[k % 3], label=name
            )
        axes.set_xlabel(
            f"cycles from first input beat to last output value, one image alone ({source})"
        )
        axes.set_ylabel("images")
        axes.legend(frameon=False)
        return svg(figure)


def curve(points: Sequence[Point]) -> str:
    """Accuracy over latency, one mark per number of time steps; latency alone where there is no
    accuracy.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.5, 3.0))
        axes = figure.add_subplot()
        cycles = [point.latency.median for point in points]
        heights = [
            100 * point.accuracy if point.accuracy is not None else point.steps for point in points
        ]
        axes.plot(cycles, heights, color=BLUE, marker="o", linewidth=1)
        for point, x, y in zip(points, cycles, heights, strict=True):
            axes.annotate(
                str(point.steps), (x, y), textcoords="offset points", xytext=(5, -11), color=RED
            )
        axes.set_xlabel("latency of one image, median, cycles (cycle model)")
        axes.set_ylabel(
            "accuracy, % (golden model)" if points[0].accuracy is not None else "time steps"
        )
        return svg(figure)


def membrane(histogram: Histogram) -> str:
    """How often which drive occurred, with the thresholds as lines."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 2.1))
        axes = figure.add_subplot()
        axes.stairs(
            np.maximum(histogram.counts, 0.5), histogram.edges, fill=True, color=BLUE, baseline=0.5
        )
        axes.vlines(
            histogram.marks, 0, 1, transform=axes.get_xaxis_transform(), color=RED, linewidth=0.7
        )
        axes.set_yscale("log")
        axes.set_xlabel(histogram.unit)
        axes.set_title(short(histogram.name), loc="left", fontsize=9, parse_math=False)
        return svg(figure)


def confusion(counts: npt.NDArray[np.int64]) -> str:
    """Rows true class, columns answered class."""
    with matplotlib.rc_context(STYLE):
        size = len(counts)
        side = min(8.0, 1.2 + 0.36 * size)
        figure = Figure(figsize=(side, side))
        axes = figure.add_subplot()
        axes.imshow(np.log1p(counts), cmap="Blues")
        if size <= 20:
            top = np.log1p(counts.max())
            for (k, j), count in np.ndenumerate(counts):
                if count:
                    axes.text(
                        j,
                        k,
                        str(count),
                        ha="center",
                        va="center",
                        fontsize=7,
                        color="white" if np.log1p(count) > top * 0.6 else "black",
                    )
            axes.set_xticks(range(size))
            axes.set_yticks(range(size))
        axes.set_xlabel("answered")
        axes.set_ylabel("true class")
        return svg(figure)
