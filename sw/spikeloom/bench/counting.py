"""What a compiled network answers and how fast: its whole test set in torch, some images in the Verilated RTL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from spikeloom import facade
from spikeloom.bench.training import Progress
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_array
from spikeloom.inputs import checked_labels
from spikeloom.interval import clustered
from spikeloom.spikes import count, fired


@dataclass(frozen=True)
class Answers:
    """The frozen network on its whole test set.

    Attributes
    ----------
    right, images: right answers, of so many images. sources: real examples that these were made of; as many as images where each is one.
    low, high: 95 % interval of the share that is right; images of one source do not count as independent.
    density: share of the neurons' bits that are set.
    """

    right: int
    images: int
    sources: int
    low: float
    high: float
    density: float

    @property
    def accuracy(self) -> float:
        return self.right / self.images


def answers(made: facade.Accelerator, progress: Progress) -> Answers:
    """Of a compiled network in the folder of its training. Raises SpikeLoomError where images, labels and network do not fit."""
    x, labels = load_array(made.folder / "test_x.npy"), load_array(made.folder / "test_y.npy")
    source = load_array(made.folder / "test_source.npy", "the source of every test image (.npy) of 'spikeloom train'")
    if source.shape != labels.shape:
        raise SpikeLoomError(f"{made.folder / 'test_source.npy'}: expected one number per label, {labels.shape}, found {source.shape}")
    truth = checked_labels(labels, made.plan.graph, len(x))
    assert truth is not None
    counted = count(made.plan.graph, x, truth, partial(progress, "torch"))
    low, high = clustered(counted.correct, source)
    set_bits, bits = fired(made.plan.graph, counted)
    return Answers(counted.right, counted.images, len(np.unique(source)), low, high, set_bits / bits)


@dataclass(frozen=True)
class Speed:
    """intervals: cycles between two images with the pipeline kept full, one per pair. latency_p99: of images alone."""

    intervals: npt.NDArray[np.float64]
    latency_p99: int

    @property
    def interval(self) -> float:
        return float(self.intervals.mean())

    @property
    def interval_p99(self) -> float:
        return float(np.percentile(self.intervals, 99, method="higher"))


def speed(made: facade.Accelerator, x: npt.NDArray[np.generic], progress: Progress) -> Speed:
    """Simulated in RTL on inputs (N, ...), at least 4, once alone and once with the pipeline kept full; outputs and spike counts compared.

    Raises SpikeLoomError where the hardware differs from the golden model.
    """
    simulation = made.simulate(x, progress=progress)
    if simulation.differences:
        raise SpikeLoomError(f"{made.folder}: the hardware differs from the golden model: {simulation.differences[0]}")
    intervals = np.diff(made.network().run(made.words(x), mode="stream").last)[1:]
    return Speed(intervals.astype(np.float64), simulation.performance.latency.p99)
