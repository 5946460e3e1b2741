"""What one trained network gives and costs: counted on the frozen network, simulated by the cycle
model, or estimated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spikeloom.accelerator import Accelerator
from spikeloom.bench.statistics import effective_images
from spikeloom.bench.sweep.arithmetic import arithmetic
from spikeloom.cache.results import Store
from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array, load_json
from spikeloom.interface.figures import Spread
from spikeloom.ir.arrays import checked_labels, checked_sources, spread
from spikeloom.ir.number import Ints
from spikeloom.mapping import cycle_model as cycles
from spikeloom.progress import Progress
from spikeloom.report import estimates
from spikeloom.verify.accuracy import count, fired

HOW = {
    "images, right, spikes, density": "counted on the frozen network, on the whole test set",
    "effective": "independent images that the test set is worth: several of one source are fewer",
    "macs, s_ace, ns_ace, stored_bits": "computed from the frozen network and its density",
    "cycles, latency_cycles": "simulated by the cycle model on some of the test set",
    "cycles_estimated, lut, ff, bram18, uram, dsp": "estimated",
}


@dataclass(frozen=True)
class Figures:
    """One network; per image where nothing else is said.

    Attributes
    ----------
    images, right: of the test set, answered by the frozen network. effective: how many independent
        images the test set is worth, see :func:`spikeloom.bench.statistics.effective_images`.
    macs, s_ace, ns_ace, stored_bits: see :class:`spikeloom.bench.sweep.arithmetic.Arithmetic`.
    spikes: set bits that the neurons fired, the input's not counted. density: share of their bits
        that are set.
    cycles, latency_cycles: by the cycle model on ``simulated`` images of the test set: mean
        distance of two answers with the pipeline kept full, and median time of an image alone.
    cycles_estimated: the slowest stage or stream by the closed form.
    lut, ff, bram18, uram, dsp: estimated, shell and counters included.
    """

    images: int
    right: int
    effective: float
    macs: int
    s_ace: int
    ns_ace: float
    stored_bits: int
    spikes: float
    density: float
    simulated: int
    cycles: float
    latency_cycles: int
    cycles_estimated: float
    lut: int
    ff: int
    bram18: int
    uram: int
    dsp: int

    @property
    def accuracy(self) -> float:
        return self.right / self.images

    @property
    def bit_budget(self) -> float:
        """T b_w b_s, averaged over the multiply-accumulates."""
        return self.s_ace / self.macs


def read(data: dict[str, Any]) -> Figures:
    """From what ``asdict`` made. Raises TypeError where the data is something else."""
    return Figures(**data)


POINTS = Store("point.json", "a finished point of 'spikeloom sweep'", read, HOW)
"""The last file of every training."""


def figures(
    accelerator: Accelerator,
    x: Array,
    labels: Array,
    source: Array,
    simulated: int,
    progress: Progress,
) -> Figures:
    """Of a compiled network on test images x (N, ...) with labels (N,), made of the real examples
    source (N,).

    The cycle model takes ``simulated`` of them, evenly spread.

    Raises SpikeLoomError where the network answers with no class, or images and labels do not fit
    it.
    """
    graph = accelerator.plan.graph
    truth = checked_labels(labels, graph, len(x))
    assert truth is not None
    sources = checked_sources(source, len(truth))
    spikes = count(graph, x, truth, progress)
    set_bits, bits = fired(graph, spikes)
    ops = arithmetic(graph, {name: spikes.density(name) for name in spikes.bits})
    chosen = spread(x, simulated)
    return Figures(
        images=spikes.images,
        right=spikes.right,
        effective=effective_images(spikes.correct, sources),
        macs=ops.macs,
        s_ace=ops.s_ace,
        ns_ace=ops.ns_ace,
        stored_bits=ops.stored_bits,
        spikes=set_bits / spikes.images,
        density=set_bits / bits if bits else 0.0,
        simulated=len(chosen),
        **_cycles(accelerator, accelerator.words(chosen), progress),
        **_estimates(accelerator),
    )


def _cycles(accelerator: Accelerator, words: Ints, progress: Progress) -> dict[str, Any]:
    """Interval and latency of some images."""
    progress("cycles", 0, 0)
    if len(words) < 2:
        raise SpikeLoomError(f"images for the cycle model: expected at least 2, found {len(words)}")
    interval = float(cycles.simulate(accelerator.plan, words, cycles.BACK_TO_BACK).intervals.mean())
    latency = int(Spread.of(cycles.simulate(accelerator.plan, words).latency).median)
    return {"cycles": interval, "latency_cycles": latency}


def _estimates(accelerator: Accelerator) -> dict[str, Any]:
    """What compiling wrote into the folder."""
    total = load_json(
        accelerator.folder / estimates.RESOURCES_FILE, "estimates of 'spikeloom compile'"
    )["total"]
    network = load_json(
        accelerator.folder / estimates.NETWORK_FILE, "estimates of 'spikeloom compile'"
    )
    return {"cycles_estimated": float(network["max_cycles"])} | {
        field: int(total[unit]) for unit, field in estimates.UNITS.items()
    }
