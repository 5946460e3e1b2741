"""What a simulation measured: ``rtlsim_performance.json``.

Cycles, spikes and operations are counted by the hardware's own counters in every cycle of a
Verilated run. Times and frame rates follow from them and a clock that nobody has measured yet: it
is the plan's assumption, and is called so everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_schema, save_json
from spikeloom.interface.figures import CycleShares, SpikeShares, Spread, finn_names

FILE = "rtlsim_performance.json"

SCHEMA = 2
"""Of the file; another number is another format."""


def file_of(steps: int | None) -> str:
    """Name of the file of a simulation with fewer time steps; without, with all of them."""
    return FILE if steps is None else FILE.replace(".json", f"_{steps}_steps.json")


@dataclass(frozen=True)
class LayerFigures(SpikeShares, CycleShares):
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


@dataclass(frozen=True)
class Performance:
    """One run over one set of images.

    Attributes
    ----------
    clock_mhz: assumed, not measured.
    latency: first input beat to last output beat of one image alone in the pipeline, in cycles.
    interval: distance of two images' last output beats, the pipeline kept full, in cycles; None
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
    interval: Spread | None
    single: tuple[LayerFigures, ...]
    stream: tuple[LayerFigures, ...]
    accuracy: Mapping[str, float]
    identical: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def frames_per_second(self) -> float | None:
        """With the pipeline kept full."""
        return self.clock_mhz * 1e6 / self.interval.mean if self.interval is not None else None

    def save(self, folder: Path, file: str = FILE) -> None:
        head = {
            "schema": SCHEMA,
            "source": "simulated",
            "how": (
                "counted in every cycle of the Verilated RTL; times assume the clock fclk[mhz],"
                " which no board has confirmed"
            ),
        }
        spreads = {"latency": self.latency, "interval": self.interval}
        names = finn_names(self.clock_mhz, self.images, self.frames_per_second, spreads)
        save_json(folder / file, {**head, **names, **asdict(self)})

    @classmethod
    def load(cls, folder: Path) -> Performance:
        """Raises SpikeLoomError where the file is missing or was not written by :meth:`save`."""
        what, again = "the figures of 'spikeloom sim'", "run 'spikeloom sim' again"
        data = load_schema(folder / FILE, what, SCHEMA, again)
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
                interval=Spread(**data["interval"]) if data["interval"] is not None else None,
                single=single,
                stream=stream,
                accuracy=dict(data["accuracy"]),
                identical=tuple(data["identical"]),
                confusion=tuple(tuple(row) for row in data["confusion"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SpikeLoomError(
                f"{folder / FILE}: expected {what}, found something else ({error}); {again}"
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
