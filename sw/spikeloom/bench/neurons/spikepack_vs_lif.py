"""SpikePack against LIF: the same small network in both neurons at several T, on the same folding,
trained with several seeds.

Accuracy is counted on the whole test set. Cycles per image are the interval between two images with
the pipeline kept full, by the cycle model, which equals the hardware; with the first seed some
images go through the Verilated RTL, and must take the very same cycles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spikeloom.accelerator import Accelerator
from spikeloom.bench.published.counting import evaluate, simulate_rtl
from spikeloom.bench.published.training import train_and_freeze
from spikeloom.bench.shared_arrays import share
from spikeloom.cache.results import Store, key_of
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_array
from spikeloom.mapping import cycle_model as cycles
from spikeloom.mapping.plan.plan_file import hashes
from spikeloom.pipeline import compile
from spikeloom.progress import Progress
from spikeloom.train.zoo.bench import TWIN_STEPS

SPIKEPACK, LIF = "spikepack", "lif"
KINDS = (SPIKEPACK, LIF)
BOARD = "pynq-z2"

FOLDINGS: tuple[dict[str, Any], ...] = (
    {"body": "parallel", "group": 3, "elements": 16, "windows": 2, "neurons": 16},
    {
        "body": "event",
        "group": 16,
        "banks": 1,
        "ports": 1,
        "elements": 8,
        "windows": 1,
        "neurons": 8,
    },
    {
        "body": "event",
        "group": 32,
        "banks": 2,
        "ports": 1,
        "elements": 8,
        "windows": 1,
        "neurons": 8,
    },
    {
        "body": "event",
        "group": 32,
        "banks": 2,
        "ports": 1,
        "elements": 5,
        "windows": 1,
        "neurons": 1,
    },
)
"""Of the four layers, at every T and in both kinds. The image layer, whose work does not depend on
T, is folded so that it bounds none.
"""

HOW = {
    "right, images, sources, low, high, density": (
        "frozen network, whole test set; 95 %, images of one source not independent"
    ),
    "cycles, latency": (
        "cycle model: mean interval with the pipeline kept full, and median of an image alone"
    ),
    "rtl_images": (
        "images that went through the Verilated RTL with the very cycles and outputs of the models;"
        " 0 where none did"
    ),
}


@dataclass(frozen=True)
class Point:
    """One training, judged. timed: test images that went through the cycle model; see ``HOW``."""

    kind: str
    steps: int
    seed: int
    right: int
    images: int
    sources: int
    low: float
    high: float
    density: float
    timed: int
    cycles: float
    latency: float
    rtl_images: int

    @property
    def accuracy(self) -> float:
        return self.right / self.images


def read(data: dict[str, Any]) -> Point:
    """From what ``asdict`` made. Raises TypeError where the data is something else."""
    return Point(**data)


POINTS = Store("bench.json", "figures of 'spikeloom bench'", read, HOW)


@dataclass(frozen=True)
class TwinStudy:
    """What is made.

    Attributes
    ----------
    steps: T of the networks. seeds: trainings of each. timed: images for the cycle model. rtl:
        images for the RTL, with the first seed.
    epochs: instead of the recipes'. data_dir: folder with CIFAR-10 instead of the drawn images.
        anew: all but the trainings again.
    """

    steps: tuple[int, ...] = TWIN_STEPS
    seeds: int = 3
    timed: int = 64
    rtl: int = 6
    epochs: int | None = None
    data_dir: Path | None = None
    anew: bool = False

    def jobs(self) -> Iterator[tuple[str, int, int]]:
        """Kind, T and seed; all points of a seed before those of the next."""
        return (
            (kind, steps, seed)
            for seed in range(self.seeds)
            for steps in self.steps
            for kind in KINDS
        )


def run(
    twins: TwinStudy, folder: Path, progress: Progress, found: Callable[[list[Point]], None]
) -> list[Point]:
    """Train and judge all points below ``folder``; what is finished is not made again.

    found: is given all points so far whenever there is one more. Raises SpikeLoomError where a
    point cannot be made.
    """
    points: list[Point] = []
    jobs = list(twins.jobs())
    for k, job in enumerate(jobs):
        progress("twins", k, len(jobs))
        points.append(point(twins, *job, folder, progress))
        found(points)
    progress("twins", len(jobs), len(jobs))
    return points


def point(
    twins: TwinStudy, kind: str, steps: int, seed: int, folder: Path, progress: Progress
) -> Point:
    """One of them, in a folder of its own below ``folder``."""
    name = f"{kind}-t{steps}"
    own = folder / f"{name}-seed{seed}"
    made = compiled(
        train_and_freeze(name, own, twins.data_dir, progress, seed=seed, epochs=twins.epochs),
        own,
        progress,
    )
    share(own, folder / "data")
    rtl = 0 if seed else twins.rtl
    key = key_of(
        "twins",
        hashes(made.plan).network,
        f"{twins.timed} {rtl}",
        made.top_sha256(progress) if rtl else "",
    )

    def judge() -> Point:
        return evaluate_point(made, kind, steps, seed, twins.timed, rtl, progress)

    return POINTS.resume(own, key, judge, anew=twins.anew)


def compiled(model: Path, folder: Path, progress: Progress) -> Accelerator:
    """On the folding that all have; layers are named differently in both kinds, and stand in the
    same order.
    """
    from spikeloom.frontend.onnx import read

    names = [node.name for node in read(model).nodes[1:]]
    if len(names) != len(FOLDINGS):
        raise SpikeLoomError(
            f"{model}: expected {len(FOLDINGS)} layers, found {len(names)}: {', '.join(names)}"
        )
    overrides = dict(zip(names, FOLDINGS, strict=True))
    return compile(
        model,
        BOARD,
        load_array(folder / "calibration_x.npy"),
        folder=folder,
        overrides=overrides,
        progress=progress,
    )


def evaluate_point(
    made: Accelerator,
    kind: str,
    steps: int,
    seed: int,
    timed: int,
    rtl: int,
    progress: Progress,
) -> Point:
    """Accuracy, cycles, and the RTL on the first ``rtl`` images, none with 0. Raises SpikeLoomError
    where the RTL differs.
    """
    found = evaluate(made, progress)
    x = load_array(made.folder / "test_x.npy")[:timed]
    words = made.words(x)
    progress("cycles", 0, 0)
    intervals = cycles.simulate(made.plan, words, cycles.BACK_TO_BACK).intervals
    alone = cycles.simulate(made.plan, words).latency
    if rtl:
        simulate_rtl(made, x[:rtl], progress)
    return Point(
        kind,
        steps,
        seed,
        found.right,
        found.images,
        found.sources,
        found.low,
        found.high,
        found.density,
        len(x),
        float(intervals[1:].mean()),
        float(np.median(alone)),
        rtl,
    )
