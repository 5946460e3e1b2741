"""SpikePack against LIF as JSON, Markdown and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from spikeloom.bench.markdown import grid, how_line, page
from spikeloom.bench.neurons.equal_accuracy import BELOW, Equal, Mean, equal, means
from spikeloom.bench.neurons.spikepack_vs_lif import FOLDINGS, HOW, LIF, SPIKEPACK, Point
from spikeloom.display import NO_NUMBER, count, percent, ratio
from spikeloom.files import save_json, save_text
from spikeloom.report.plots import BLUE, RED, STYLE, write_both

TARGET = 2.0
"""Cycles of LIF by those of SpikePack at equal accuracy that are aimed at."""

STEM = "twins"

CURVE_HEADS = (
    "neuron",
    "T",
    "accuracy, mean",
    "lowest to highest",
    "seeds",
    "density",
    "cycles per image",
)
EQUAL_HEADS = (
    "LIF T", "accuracy", "LIF cycles", "SpikePack cycles there", "ratio", "ratio by seed",
    "SpikePack T at least as accurate", "ratio there",
)  # fmt: skip


def write(folder: Path, points: Sequence[Point]) -> None:
    """``twins.json``, ``twins.md``, ``twins.svg`` and ``twins.png``."""
    content = {
        "how": HOW,
        "foldings": FOLDINGS,
        "points": [asdict(point) for point in points],
        "means": [asdict(mean) for mean in means(points)],
        "equal": [asdict(one) for one in equal(points)],
        "target": TARGET,
    }
    save_json(folder / f"{STEM}.json", content)
    save_text(folder / f"{STEM}.md", markdown(points))
    with matplotlib.rc_context(STYLE):
        write_both(folder, STEM, draw(means(points)))


def markdown(points: Sequence[Point]) -> str:
    """The curves, and what they say at equal accuracy."""
    return page(
        "SpikePack against LIF",
        grid(CURVE_HEADS, [_mean(mean) for mean in means(points)]),
        "At the accuracy of each LIF point:",
        grid(EQUAL_HEADS, [_equal(one) for one in equal(points)]),
        f"Target: {TARGET:g}. {how_line(HOW)}",
    )


def _mean(mean: Mean) -> list[str]:
    return [
        mean.kind,
        f"{mean.steps}",
        percent(mean.accuracy, 2),
        f"{percent(mean.lowest, 2)} to {percent(mean.highest, 2)}",
        f"{mean.seeds}",
        percent(mean.density),
        count(mean.cycles),
    ]


def _equal(one: Equal) -> list[str]:
    least = "at least " if one.how == BELOW else ""
    there = (
        one.how
        if one.spikepack is None
        else f"{count(one.spikepack)}{' (its T = 1 is more accurate)' if least else ''}"
    )
    return [
        f"{one.steps}",
        percent(one.accuracy, 2),
        count(one.cycles),
        there,
        f"{least}{ratio(one.ratio)}",
        ", ".join(map(ratio, one.seed_ratios)) or NO_NUMBER,
        count(one.whole_steps),
        ratio(one.whole_ratio),
    ]


def draw(found: Sequence[Mean]) -> Figure:
    """Accuracy over cycles, a curve per neuron; bars from the lowest to the highest seed."""
    figure = Figure(figsize=(6.5, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for kind, name, color in ((SPIKEPACK, "SpikePack", BLUE), (LIF, "LIF", RED)):
        some = [mean for mean in found if mean.kind == kind]
        middle, low, high = (
            [100 * getattr(mean, field) for mean in some]
            for field in ("accuracy", "lowest", "highest")
        )
        bars = [
            [m - a for m, a in zip(middle, low, strict=True)],
            [b - m for m, b in zip(middle, high, strict=True)],
        ]
        axes.errorbar(
            [mean.cycles for mean in some],
            middle,
            yerr=bars,
            color=color,
            marker="o",
            markersize=4,
            linewidth=1,
            label=name,
        )
        for mean, share in zip(some, middle, strict=True):
            axes.annotate(
                f"T {mean.steps}",
                (mean.cycles, share),
                textcoords="offset points",
                xytext=(5, -9),
                color=color,
            )
    axes.set_xscale("log", base=2)
    axes.set_xlabel("cycles per image on the same folding (cycle model)")
    axes.set_ylabel("test accuracy, %: mean, lowest to highest seed")
    axes.legend(frameon=False, loc="lower right")
    return figure
