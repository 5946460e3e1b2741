"""A row's twin that was trained with a spike penalty, on the folding of the row: how much faster
fewer spikes make the same hardware.

The penalty is halved until the twin is within a point of the row's accuracy. Every try stays in its
folder, NAME-sparse/penalty-P.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from spikeloom.accelerator import Accelerator
from spikeloom.bench.published.counting import evaluate, speed
from spikeloom.bench.published.row import Result
from spikeloom.bench.published.rows import Bench
from spikeloom.bench.published.training import train_and_freeze
from spikeloom.cache.results import Store
from spikeloom.display import NO_NUMBER, between, count, percent, rate, ratio
from spikeloom.files import load_array, save_json
from spikeloom.pipeline import compile
from spikeloom.progress import Progress

TRIES = 3

POINT = 0.01
"""How much of the accuracy a twin may lose."""

HOW = {
    "right, images, low, high, density": (
        "frozen network of the twin, whole test set, as in the rows"
    ),
    "interval, interval_p99": "as in the rows, RTL included, on the row's folding",
    "fps": "the smaller of the memory port and clock / interval, as in the rows",
}


@dataclass(frozen=True)
class Try:
    """One training: weight of the penalty, right answers of so many images, share of set bits."""

    spike_penalty: float
    right: int
    images: int
    low: float
    high: float
    density: float

    @property
    def accuracy(self) -> float:
        return self.right / self.images


@dataclass(frozen=True)
class Sparse:
    """All tries of a row, in their order, and the speed of the last one where it is kept.

    Attributes
    ----------
    kept: whether the last try is within a point of the row's accuracy; without, nothing was
        simulated and the rest is 0.
    simulated, modelled, interval, interval_p99: as in
        :class:`spikeloom.bench.published.counting.Speed`. fps: frames per second.
    """

    name: str
    tries: tuple[Try, ...]
    kept: bool
    simulated: int = 0
    modelled: int = 0
    interval: float = 0.0
    interval_p99: float = 0.0
    fps: float = 0.0

    @property
    def last(self) -> Try:
        return self.tries[-1]


def read(data: dict[str, Any]) -> Sparse:
    """From what ``asdict`` made. Raises KeyError or TypeError where the data is something else."""
    return Sparse(**data | {"tries": tuple(Try(**one) for one in data["tries"])})


TWINS = Store("bench.json", "figures of 'spikeloom bench'", read, HOW)
"""Figures of a row's twins, in a folder beside the row's."""


def make(
    bench: Bench,
    made: Accelerator,
    row: Result,
    folder: Path,
    images: int,
    data_dir: Path | None,
    progress: Progress,
) -> Sparse:
    """Train, compile on the folding of the row's plan, simulate; ``folder`` is that of all tries.

    Raises as :func:`spikeloom.pipeline.compile`, and where the hardware differs from the golden
    model.
    """
    tries: list[Try] = []
    for k in range(TRIES):
        penalty = bench.spike_penalty / 2**k
        progress("tries", k, TRIES)
        twin = compile_on_folding(
            bench, made, folder / f"penalty-{penalty:g}", penalty, data_dir, progress
        )
        found = evaluate(twin, progress)
        tries.append(Try(penalty, found.right, found.images, found.low, found.high, found.density))
        if found.accuracy >= row.accuracy - POINT:
            return timed(Sparse(row.name, tuple(tries), True), twin, row, images, progress)
    return Sparse(row.name, tuple(tries), False)


def compile_on_folding(
    bench: Bench,
    made: Accelerator,
    folder: Path,
    penalty: float,
    data_dir: Path | None,
    progress: Progress,
) -> Accelerator:
    """The twin on the folding of a plan, which is also written beside it as ``folding.json``."""
    model = train_and_freeze(bench.name, folder, data_dir, progress, spike_penalty=penalty)
    overrides = {name: asdict(folding) for name, folding in made.plan.foldings.items()}
    save_json(folder / "folding.json", overrides)
    return compile(
        model,
        bench.board,
        load_array(folder / "calibration_x.npy"),
        folder=folder,
        max_throughput=True,
        share=1.0,
        clock_mhz=bench.clock_mhz,
        overrides=overrides,
        progress=progress,
    )


def timed(found: Sparse, twin: Accelerator, row: Result, images: int, progress: Progress) -> Sparse:
    run = speed(twin, load_array(twin.folder / "test_x.npy"), images, progress)
    fps = min(row.port_fps, row.clock_mhz * 1e6 / run.interval)
    return replace(
        found,
        simulated=run.simulated,
        modelled=run.modelled,
        interval=run.interval,
        interval_p99=run.interval_p99,
        fps=fps,
    )


HEADS = (
    "network", "penalty", "accuracy (95 %)", "row's", "density", "row's", "interval", "row's",
    "fps", "of the row's", "kept",
)  # fmt: skip
"""The figures of the row, which was trained without a penalty, stand beside those of its twin."""


def cells(found: Sparse, row: Result) -> list[list[str]]:
    """A line per try; speed where it is kept."""
    return [_line(found, one, row, last=one is found.last) for one in found.tries]


def _line(found: Sparse, one: Try, row: Result, *, last: bool) -> list[str]:
    kept = found.kept and last
    speeds = (
        [
            count(found.interval),
            count(row.interval),
            rate(found.fps),
            ratio(found.fps / row.fps),
        ]
        if kept
        else [NO_NUMBER] * 4
    )
    return [
        found.name,
        f"{one.spike_penalty:g}",
        f"{percent(one.accuracy, 2)} ({between(one.low, one.high)})",
        percent(row.accuracy, 2),
        percent(one.density),
        percent(row.density),
        *speeds,
        "yes" if kept else "no: more than a point less",
    ]
