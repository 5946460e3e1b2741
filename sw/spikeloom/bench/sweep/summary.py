"""The points of a sweep: means and deviations over the seeds, and which points are on the front."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from spikeloom.bench.statistics import wilson
from spikeloom.bench.sweep.figures import Figures
from spikeloom.bench.sweep.jobs import Job
from spikeloom.bench.sweep.pareto import front

COSTS = {"bits": "bit_budget", "spikes": "spikes", "cycles": "cycles", "LUT": "lut"}
"""What a point is judged by besides its accuracy: the fewer, the better. Name -> field of
``Figures``.
"""


@dataclass(frozen=True)
class Run:
    """One training and its figures; None where it failed, and ``note`` says why."""

    job: Job
    figures: Figures | None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One point: all its trainings that came to an end. front: no other point is at least as good
    in everything.
    """

    spike_penalty: float
    steps: str
    weight_bits: str
    figures: tuple[Figures, ...]
    notes: tuple[str, ...] = ()
    front: bool = False

    def mean(self, field: str) -> float:
        """Over the seeds."""
        return statistics.fmean(getattr(figures, field) for figures in self.figures)

    def deviation(self, field: str) -> float | None:
        """Sample standard deviation over the seeds; None with fewer than two."""
        return (
            statistics.stdev(getattr(figures, field) for figures in self.figures)
            if len(self.figures) > 1
            else None
        )

    @property
    def images(self) -> int:
        return self.figures[0].images

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy for one test set: the seeds share its images, so they do
        not make it narrower, and neither do several images of one source.
        """
        effective = self.mean("effective")
        return wilson(self.mean("accuracy") * effective, effective)


def rows(runs: Sequence[Run]) -> tuple[Row, ...]:
    """Runs by point, in their order; a point without a figure is on no front."""
    points: dict[tuple[float, str, str], list[Run]] = {}
    for run in runs:
        points.setdefault((run.job.spike_penalty, run.job.steps, run.job.weight_bits), []).append(
            run
        )
    found = [
        Row(
            *point,
            tuple(run.figures for run in made if run.figures is not None),
            tuple(run.note for run in made if run.note),
        )
        for point, made in points.items()
    ]
    judged = [row for row in found if row.figures]
    best = dict(
        zip(
            map(id, judged),
            front([[-row.mean("accuracy"), *map(row.mean, COSTS.values())] for row in judged]),
            strict=True,
        )
    )
    return tuple(replace(row, front=best.get(id(row), False)) for row in found)
