"""Two curves of accuracy over cycles, read at equal accuracy."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from spikeloom.bench.neurons.spikepack_vs_lif import LIF, SPIKEPACK, Point

INTERPOLATED, NOT_REACHED, BELOW = "interpolated", "not reached", "below the curve"


@dataclass(frozen=True)
class Mean:
    """Points of one kind and T over the seeds. lowest, highest: of their accuracies. deviation:
    sample standard deviation, 0 of one.
    """

    kind: str
    steps: int
    seeds: int
    accuracy: float
    lowest: float
    highest: float
    deviation: float
    cycles: float
    density: float


@dataclass(frozen=True)
class Equal:
    """A LIF point against the curve of SpikePack.

    Attributes
    ----------
    steps, accuracy, cycles: of LIF. how: "interpolated"; "not reached" where SpikePack is nowhere
        that accurate; "below the curve" where
    its first point already is more accurate, so that its cycles there are too many and the ratio
        too small.
    spikepack: cycles of SpikePack at that accuracy, linear between two points, of which no network
        is in between; None if not reached.
    ratio: cycles of LIF by those. whole_steps, whole_ratio: the smallest T at which SpikePack is at
        least as accurate, and the ratio there.
    seed_ratios: the ratios of every seed's own curves, where they are read.
    """

    steps: int
    accuracy: float
    cycles: float
    how: str
    spikepack: float | None
    ratio: float | None
    whole_steps: int | None
    whole_ratio: float | None
    seed_ratios: tuple[float, ...]


def means(points: Sequence[Point]) -> list[Mean]:
    """By kind and T, in that order."""
    groups: dict[tuple[str, int], list[Point]] = {}
    for point in sorted(
        points, key=lambda point: (point.kind != SPIKEPACK, point.steps, point.seed)
    ):
        groups.setdefault((point.kind, point.steps), []).append(point)
    return [_mean(*key, group) for key, group in groups.items()]


def _mean(kind: str, steps: int, group: Sequence[Point]) -> Mean:
    shares = [point.accuracy for point in group]
    deviation = statistics.stdev(shares) if len(shares) > 1 else 0.0
    spread = (statistics.fmean(shares), min(shares), max(shares), deviation)
    return Mean(
        kind,
        steps,
        len(group),
        *spread,
        *(statistics.fmean(getattr(p, field) for p in group) for field in ("cycles", "density")),
    )


def read_at(curve: Sequence[tuple[float, float]], accuracy: float) -> tuple[float | None, str]:
    """Cycles at which a curve of (cycles, accuracy), in the order of its cycles, first has an
    accuracy; None where it never has.

    Before its first point nothing is extrapolated: the cycles are those of that point.
    """
    if curve and accuracy < curve[0][1]:
        return curve[0][0], BELOW
    if curve and accuracy == curve[0][1]:
        return curve[0][0], INTERPOLATED
    for (x0, y0), (x1, y1) in zip(curve, curve[1:], strict=False):
        if y0 < accuracy <= y1:
            return x0 + (x1 - x0) * (accuracy - y0) / (y1 - y0), INTERPOLATED
    return None, NOT_REACHED


def equal(points: Sequence[Point]) -> list[Equal]:
    """Every LIF mean that there is, against SpikePack's curve of means."""
    every = means(points)
    curve = [mean for mean in every if mean.kind == SPIKEPACK]
    return [_equal(mean, curve, points) for mean in every if mean.kind == LIF and curve]


def _equal(lif: Mean, curve: Sequence[Mean], points: Sequence[Point]) -> Equal:
    at, how = read_at([(mean.cycles, mean.accuracy) for mean in curve], lif.accuracy)
    whole = next((mean for mean in curve if mean.accuracy >= lif.accuracy), None)
    return Equal(
        steps=lif.steps,
        accuracy=lif.accuracy,
        cycles=lif.cycles,
        how=how,
        spikepack=at,
        ratio=None if at is None else lif.cycles / at,
        whole_steps=None if whole is None else whole.steps,
        whole_ratio=None if whole is None else lif.cycles / whole.cycles,
        seed_ratios=tuple(_seed_ratios(lif.steps, points)),
    )


def _seed_ratios(steps: int, points: Sequence[Point]) -> list[float]:
    """Of each seed's own curves."""
    found = []
    for one in sorted(
        (p for p in points if p.kind == LIF and p.steps == steps), key=lambda p: p.seed
    ):
        curve = sorted(
            (p.cycles, p.accuracy) for p in points if p.kind == SPIKEPACK and p.seed == one.seed
        )
        at, _ = read_at(curve, one.accuracy)
        found += [] if at is None else [one.cycles / at]
    return found
