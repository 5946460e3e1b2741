"""What a network answers and how fast: its whole test set in torch, some images in the Verilated
RTL, a sample in the cycle model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spikeloom.accelerator import Accelerator
from spikeloom.bench.published import pace
from spikeloom.bench.statistics import clustered
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_array
from spikeloom.interface.figures import Spread
from spikeloom.ir import golden
from spikeloom.ir.arrays import checked_labels, checked_sources, spread
from spikeloom.ir.number import Ints
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate
from spikeloom.progress import Progress
from spikeloom.verify.accuracy import count, fired


@dataclass(frozen=True)
class Answers:
    """The frozen network on its whole test set.

    Attributes
    ----------
    right, images: right answers, of so many images. sources: real examples that these were made of;
        as many as images where each is one.
    low, high: 95 % interval of the share that is right; images of one source do not count as
        independent.
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


def evaluate(made: Accelerator, progress: Progress) -> Answers:
    """Of a compiled network in the folder of its training. Raises SpikeLoomError where images,
    labels and network do not fit.
    """
    x, labels = load_array(made.folder / "test_x.npy"), load_array(made.folder / "test_y.npy")
    path = made.folder / "test_source.npy"
    source = checked_sources(
        load_array(path, "the source of every test image (.npy) of 'spikeloom train'"),
        len(labels),
        str(path),
    )
    truth = checked_labels(labels, made.plan.graph, len(x))
    assert truth is not None
    counted = count(made.plan.graph, x, truth, progress)
    low, high = clustered(counted.correct, source)
    set_bits, bits = fired(made.plan.graph, counted)
    return Answers(
        counted.right, counted.images, len(np.unique(source)), low, high, set_bits / bits
    )


@dataclass(frozen=True, eq=False)
class Speed:
    """Attributes
    ----------
    simulated: images that went through the RTL. latency_p99: cycles of these, each alone, by the
        RTL.
    trace: words of every node on a sample of the test set, node -> (N, C, H, W).
    intervals: cycles between two images of the sample by the cycle model, see
        :func:`spikeloom.bench.published.pace.intervals`.
    """

    simulated: int
    latency_p99: int
    trace: dict[str, Ints]
    intervals: npt.NDArray[np.float64]

    @property
    def modelled(self) -> int:
        """Images in the sample."""
        return len(self.intervals) + 2

    @property
    def interval(self) -> float:
        return float(self.intervals.mean())

    @property
    def interval_p99(self) -> float:
        return Spread.of(self.intervals).p99


def speed(made: Accelerator, x: npt.NDArray[np.generic], images: int, progress: Progress) -> Speed:
    """Of a whole test set (N, ...), of which the first ``images`` go through the RTL as in
    :func:`simulate_rtl`. Raises as that does.
    """
    first = x[:images]
    latency_p99 = simulate_rtl(made, first, progress)
    progress("cycles", 0, 0)
    trace = golden.trace(made.plan.graph, made.words(spread(x, pace.IMAGES)))
    return Speed(len(first), latency_p99, trace, pace.intervals(made.plan, trace))


def simulate_rtl(made: Accelerator, x: npt.NDArray[np.generic], progress: Progress) -> int:
    """Latency (p99) of inputs (N, ...), at least 4, in the Verilated RTL, each alone. They also go
    through it with the pipeline kept full.

    Raises SpikeLoomError where an output or a spike count differs from the golden model, or an
    interval from the cycle model.
    """
    simulation = made.simulate(x, progress=progress)
    if simulation.differences:
        raise SpikeLoomError(
            f"{made.folder}: the hardware differs from the golden model:"
            f" {simulation.differences[0]}"
        )
    words = made.words(x)
    taken = np.diff(made.network().run(words, mode="stream").last).tolist()
    modelled = simulate(made.plan, words, BACK_TO_BACK).intervals.tolist()
    if taken != modelled:
        raise SpikeLoomError(
            f"{made.folder}: the RTL takes {taken} cycles between images, the cycle model"
            f" {modelled}"
        )
    return int(simulation.performance.latency.p99)
