"""What a simulation measured: ``rtlsim_performance.json``.

Cycles, spikes and operations are counted by the hardware's own counters in every cycle of a
Verilated run. Times and frame rates follow from them and a clock that nobody has measured yet: it
is the plan's assumption, and is called so everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json, save_json

FILE = "rtlsim_performance.json"


def file_of(steps: int | None) -> str:
    """Name of the file of a simulation with fewer time steps; without, with all of them."""
    return FILE if steps is None else FILE.replace(".json", f"_{steps}_steps.json")


@dataclass(frozen=True)
class LayerFigures:
    """One stage, summed over all images of a run. The network's input is a row of its own, with
    spikes alone.

    Attributes
    ----------
    words: words that left the layer. spikes: set bits of each plane, first plane first. nonzero:
        words that are not zero.
    synaptic: synaptic operations. busy, starved, stalled: cycles; together the cycles in which an
        image was in flight.
    """

    name: str
    kind: str
    words: int
    spikes: tuple[int, ...]
    nonzero: int
    synaptic: int
    busy: int
    starved: int
    stalled: int

    @property
    def cycles(self) -> int:
        return self.busy + self.starved + self.stalled

    @property
    def busy_share(self) -> float:
        return self.busy / self.cycles if self.cycles else 0.0

    @property
    def density(self) -> tuple[float, ...]:
        """Share of set bits in each plane."""
        return tuple(s / self.words if self.words else 0.0 for s in self.spikes)

    @property
    def sparsity(self) -> tuple[float, ...]:
        """Share of bits that are not set, in each plane."""
        return tuple(1 - d for d in self.density)


@dataclass(frozen=True)
class Spread:
    """Smallest, middle, 99th percentile and largest of a list of cycles; percentiles are values
    that occurred.
    """

    min: int
    median: int
    p99: int
    max: int

    @classmethod
    def of(cls, cycles: npt.NDArray[np.int64]) -> Spread:
        low, middle, high, top = (
            int(np.percentile(cycles, q, method="higher")) for q in (0, 50, 99, 100)
        )
        return cls(low, middle, high, top)


@dataclass(frozen=True)
class Performance:
    """One run over one set of images.

    Attributes
    ----------
    clock_mhz: assumed, not measured.
    latency: first input beat to last output beat of one image alone in the pipeline, in cycles.
    interval_cycles: mean distance of two images' last output beats, the pipeline kept full; None
        with fewer than two images.
    single, stream: figures per layer with one image in flight at a time, and with the pipeline kept
        full.
    accuracy: share of right answers for each rung, empty without labels.
    identical: rungs whose every output of every image was compared and found equal.
    confusion: rows true class, columns answered class; empty without labels.
    """

    network: str
    board: str
    clock_mhz: float
    images: int
    latency: Spread
    interval_cycles: float | None
    single: tuple[LayerFigures, ...]
    stream: tuple[LayerFigures, ...]
    accuracy: Mapping[str, float]
    identical: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def frames_per_second(self) -> float | None:
        return self.clock_mhz * 1e6 / self.interval_cycles if self.interval_cycles else None

    def microseconds(self, cycles: float) -> float:
        return cycles / self.clock_mhz

    def save(self, folder: Path, file: str = FILE) -> None:
        fps = self.frames_per_second
        derived = {
            "source": "simulated",
            "how": (
                "counted in every cycle of the Verilated RTL; times assume the clock fclk[mhz],"
                " which no board has confirmed"
            ),
            "fclk[mhz]": self.clock_mhz,
            "N": self.images,
            "latency[us]": {
                key: self.microseconds(value) for key, value in asdict(self.latency).items()
            },
            "throughput[images/s]": fps,
        }
        save_json(folder / file, {**derived, **asdict(self)})

    @classmethod
    def load(cls, folder: Path) -> Performance:
        """Raises SpikeLoomError where the file is missing or was not written by :meth:`save`."""
        data: dict[str, Any] = load_json(folder / FILE, "the measurements of 'spikeloom sim'")
        try:
            single, stream = (
                tuple(LayerFigures(**{**row, "spikes": tuple(row["spikes"])}) for row in data[mode])
                for mode in ("single", "stream")
            )
            return cls(
                network=data["network"],
                board=data["board"],
                clock_mhz=data["clock_mhz"],
                images=data["images"],
                latency=Spread(**data["latency"]),
                interval_cycles=data["interval_cycles"],
                single=single,
                stream=stream,
                accuracy=dict(data["accuracy"]),
                identical=tuple(data["identical"]),
                confusion=tuple(tuple(row) for row in data["confusion"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SpikeLoomError(
                f"{folder / FILE}: expected the measurements of 'spikeloom sim', found something"
                f" else ({error})"
            ) from error


def accuracy(outputs: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    """Share of images whose largest output is at their label; outputs (N, O), labels (N,)."""
    return float((outputs.argmax(axis=1) == labels).mean())


def confusion(
    outputs: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]
) -> tuple[tuple[int, ...], ...]:
    """Counts of (true class, answered class) for outputs (N, O) and labels (N,)."""
    size = max(outputs.shape[1], int(labels.max()) + 1)
    counts = np.bincount(labels * size + outputs.argmax(axis=1), minlength=size * size).reshape(
        size, size
    )
    return tuple(tuple(int(n) for n in row) for row in counts)
