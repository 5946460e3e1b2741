"""Accuracy and latency over the number of time steps: ``fewer_steps.json``.

Accuracy is the golden model's, which is that of the hardware; cycles are the cycle model's, which
counts as the hardware does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from spikeloom.cache.results import Store, key_of
from spikeloom.display import Table, count, microseconds, percent
from spikeloom.interface.figures import Spread
from spikeloom.interface.performance import accuracy
from spikeloom.ir import golden
from spikeloom.ir.fewer_steps import most_steps, with_steps
from spikeloom.ir.number import Ints
from spikeloom.mapping.cycle_model import BACK_TO_BACK, ONE_AT_A_TIME, simulate
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.plan.plan_file import hashes
from spikeloom.progress import Progress

FILE = "fewer_steps.json"
HOW = "accuracy: golden model; cycles: cycle model; no board confirmed the clock"

TIMED = 16
"""Images that go through the cycle model."""


@dataclass(frozen=True)
class Point:
    """What one number of time steps gives.

    Attributes
    ----------
    accuracy: share of right answers; None without labels. latency: cycles of one image alone.
    interval: cycles between two images, the pipeline kept full; None with one image. synaptic:
        operations per image.
    """

    steps: int
    accuracy: float | None
    latency: Spread
    interval: Spread | None
    synaptic: float


@dataclass(frozen=True, repr=False)
class Curve:
    """Points by rising number of time steps, the last one with all of them.

    Attributes
    ----------
    network: the network hash of the plan that it belongs to, whether or not its hardware can run
        with fewer steps.
    images, timed: how many went through golden model and cycle model.
    """

    network: str
    clock_mhz: float
    images: int
    timed: int
    points: tuple[Point, ...]

    @property
    def table(self) -> Table:
        heads = (
            "time steps",
            "accuracy",
            "latency, median",
            "p99",
            "median time",
            "interval",
            "synaptic operations",
        )
        return Table(
            f"Fewer time steps, {count(self.images)} images, cycles of {count(self.timed)}",
            heads,
            tuple(self.row(point) for point in self.points),
        )

    def row(self, point: Point) -> tuple[str, ...]:
        """One point as text."""
        return (
            count(point.steps),
            percent(point.accuracy, 2),
            count(point.latency.median),
            count(point.latency.p99),
            microseconds(point.latency.median, self.clock_mhz),
            count(point.interval.mean if point.interval is not None else None),
            count(point.synaptic),
        )

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def read(data: dict[str, Any]) -> Curve:
    """From JSON. Raises KeyError or TypeError where the data is something else."""
    return Curve(**{**data, "points": tuple(point_of(point) for point in data["points"])})


def point_of(data: dict[str, Any]) -> Point:
    """From JSON. Raises KeyError or TypeError where the data is something else."""
    spreads = {
        name: Spread(**data[name]) if data[name] is not None else None
        for name in ("latency", "interval")
    }
    return Point(**{**data, **spreads})


CURVES = Store(
    FILE,
    "the figures of 'spikeloom steps'",
    read,
    HOW,
    schema=2,
    again="run 'spikeloom steps' again",
)


def measure(
    folder: Path, plan: Plan, words: Ints, truth: Ints | None, timed: int, progress: Progress
) -> Curve:
    """The curve for input words (N, C, H, W), the first ``timed`` of them through the cycle model;
    saved after every point.

    Points of the same plan and images that lie in ``folder`` are taken over. Raises SpikeLoomError
    naming a layer that cannot do with fewer time steps.
    """
    most, timed = most_steps(plan.graph), min(timed, len(words))
    with_steps(plan.graph, 1)
    network, settings = hashes(plan).network, f"{plan.clock_mhz} {len(words)} {timed}"
    key = key_of(network, settings, digest(words, truth))
    found = CURVES.find(folder, key) or Curve(network, plan.clock_mhz, len(words), timed, ())
    for steps in range(len(found.points) + 1, most + 1):
        progress("steps", steps - 1, most)
        found = replace(
            found, points=(*found.points, at(plan.with_steps(steps), steps, words, truth, timed))
        )
        CURVES.save(folder, key, found)
    progress("steps", most, most)
    return found


def digest(words: Ints, truth: Ints | None) -> str:
    """CRC-32 of images and labels."""
    value = crc32(np.ascontiguousarray(words, dtype="<i8").tobytes())
    if truth is not None:
        value = crc32(np.ascontiguousarray(truth, dtype="<i8").tobytes(), value)
    return f"{value:08x}"


def at(plan: Plan, steps: int, words: Ints, truth: Ints | None, timed: int) -> Point:
    """One point, for a plan as it runs with ``steps`` time steps."""
    single = simulate(plan, words[:timed], ONE_AT_A_TIME)
    stream = simulate(plan, words[:timed], BACK_TO_BACK)
    return Point(
        steps,
        (
            None
            if truth is None
            else accuracy(golden.dequantize(plan.graph, golden.integers(plan.graph, words)), truth)
        ),
        Spread.of(single.latency),
        Spread.of(stream.intervals) if len(stream.intervals) else None,
        sum(stage.synaptic for stage in single.stages.values()) / timed,
    )
