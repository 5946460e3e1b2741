"""Accuracy and latency over the number of time steps: ``fewer_steps.json``.

Accuracy is the golden model's, which is that of the hardware; cycles are the cycle model's, which
counts as the hardware does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from spikeloom.display import Table
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_schema, save_json
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
SCHEMA = 2
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


def point_of(data: dict[str, Any]) -> Point:
    """From JSON. Raises KeyError or TypeError where the data is something else."""
    spreads = {
        name: Spread(**data[name]) if data[name] is not None else None
        for name in ("latency", "interval")
    }
    return Point(**{**data, **spreads})


@dataclass(frozen=True, repr=False)
class Curve:
    """Points by rising number of time steps, the last one with all of them.

    Attributes
    ----------
    network: the network hash of the plan that it belongs to, whether or not its hardware can run
        with fewer steps.
    images, timed: how many went through golden model and cycle model; digest: CRC-32 of them and
        their labels.
    """

    network: str
    clock_mhz: float
    images: int
    timed: int
    digest: int
    points: tuple[Point, ...]

    def save(self, folder: Path) -> None:
        save_json(
            folder / FILE,
            {"schema": SCHEMA, "source": "golden model, cycle model", "how": HOW, **asdict(self)},
        )

    @classmethod
    def load(cls, folder: Path) -> Curve:
        """Raises SpikeLoomError where the file is missing or was not written by :meth:`save`."""
        path, what = folder / FILE, "the figures of 'spikeloom steps'"
        data = load_schema(path, what, SCHEMA, "run 'spikeloom steps' again")
        try:
            points = tuple(point_of(point) for point in data["points"])
            return cls(
                data["network"],
                data["clock_mhz"],
                data["images"],
                data["timed"],
                data["digest"],
                points,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SpikeLoomError(
                f"{path}: expected {what}, found something else ({error})"
            ) from error

    @property
    def table(self) -> Table:
        heads = (
            "time steps",
            "accuracy",
            "latency, median",
            "p99",
            "µs",
            "interval",
            "synaptic operations",
        )
        return Table(
            f"Fewer time steps, {self.images} images, cycles of {self.timed}",
            heads,
            tuple(self.row(point) for point in self.points),
        )

    def row(self, point: Point) -> tuple[str, ...]:
        """One point as text."""
        return (
            str(point.steps),
            f"{point.accuracy:.2%}" if point.accuracy is not None else "–",
            str(point.latency.median),
            str(point.latency.p99),
            f"{point.latency.median / self.clock_mhz:.2f}",
            f"{point.interval.mean:.0f}" if point.interval is not None else "–",
            f"{point.synaptic:.0f}",
        )

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


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
    empty = Curve(hashes(plan).network, plan.clock_mhz, len(words), timed, digest(words, truth), ())
    found = known(folder, empty)
    for steps in range(len(found.points) + 1, most + 1):
        progress("steps", steps - 1, most)
        found = replace(
            found, points=(*found.points, at(plan.with_steps(steps), steps, words, truth, timed))
        )
        found.save(folder)
    progress("steps", most, most)
    return found


def known(folder: Path, empty: Curve) -> Curve:
    """What was measured before on the same plan and images; none of it otherwise."""
    if not (folder / FILE).exists():
        return empty
    try:
        before = Curve.load(folder)
    except SpikeLoomError:
        return empty
    return before if replace(before, points=()) == empty else empty


def digest(words: Ints, truth: Ints | None) -> int:
    """CRC-32 of images and labels."""
    value = crc32(np.ascontiguousarray(words, dtype="<i8").tobytes())
    return (
        value if truth is None else crc32(np.ascontiguousarray(truth, dtype="<i8").tobytes(), value)
    )


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
