"""Figures that a simulation and a board have in common, under the same names: how a list of numbers
is spread, shares of spikes, shares of cycles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError


@dataclass(frozen=True)
class Spread:
    """Smallest, middle, 99th percentile, largest and mean of a list of numbers; percentiles are
    values that occurred.
    """

    min: float
    median: float
    p99: float
    max: float
    mean: float

    @classmethod
    def of(cls, numbers: Sequence[float] | npt.NDArray[np.generic]) -> Spread:
        """Integers stay integers, but for the mean. Raises SpikeLoomError for an empty list."""
        if not len(numbers):
            raise SpikeLoomError("expected at least one number to describe")
        ordered = np.sort(np.asarray(numbers))
        ranks = [-(-percent * (len(ordered) - 1) // 100) for percent in (0, 50, 99, 100)]
        low, median, p99, top = ordered[ranks].tolist()
        return cls(low, median, p99, top, float(ordered.mean()))

    def times(self, factor: float) -> dict[str, float]:
        """All five in another unit, by name."""
        return {name: value * factor for name, value in asdict(self).items()}


def finn_names(
    clock_mhz: float,
    images: int,
    frames_per_second: float | None,
    spreads: Mapping[str, Spread | None],
) -> dict[str, object]:
    """What FINN calls these figures, for a report file; ``spreads`` in cycles become µs."""
    return {
        "fclk[mhz]": clock_mhz,
        "N": images,
        "throughput[images/s]": frames_per_second,
        **{
            f"{name}[us]": spread.times(1 / clock_mhz) if spread is not None else None
            for name, spread in spreads.items()
        },
    }


class SpikeShares:
    """What follows from counted spikes. words: that left a layer. spikes: set bits of each plane,
    first plane first. nonzero: words that are not zero.
    """

    words: int
    spikes: tuple[int, ...]
    nonzero: int

    @property
    def density(self) -> tuple[float, ...]:
        """Share of set bits in each plane."""
        return tuple(_share(count, self.words) for count in self.spikes)

    @property
    def sparsity(self) -> tuple[float, ...]:
        """Share of bits that are not set, in each plane."""
        return tuple(1 - share for share in self.density)

    @property
    def firing_rate(self) -> float:
        """Set bits per word and time step."""
        return _share(sum(self.spikes), self.words * len(self.spikes))

    @property
    def zero_values(self) -> float:
        """Share of words that are zero."""
        return 1 - _share(self.nonzero, self.words)


class CycleShares:
    """What follows from a layer's cycles with an image in flight: in which it worked, had nothing
    to work on, or waited for room.
    """

    busy: int
    starved: int
    stalled: int

    @property
    def cycles(self) -> int:
        """All of them together."""
        return self.busy + self.starved + self.stalled

    def share(self, cycles: int) -> float:
        """Of all cycles, e.g. ``row.share(row.busy)``."""
        return _share(cycles, self.cycles)


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
