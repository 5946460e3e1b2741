"""How the memory of a simulated board behaves, and how it can fail."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import IntEnum

from spikeloom.errors import SpikeLoomError

from spikeloom_sim.board import native

MANY = 1 << 30


class Fault(IntEnum):
    """What the memory can do wrong. Mirrors ``Fault`` in ``harness/faults.h``, where each is
    explained.
    """

    READ_SLVERR = 1
    READ_DECERR = 2
    WRITE_SLVERR = 3
    WRITE_DECERR = 4
    READ_SILENT = 5
    WRITE_SILENT = 6
    READ_CLOSED = 7
    WRITE_CLOSED = 8
    DATA_CLOSED = 9
    LAST_EARLY = 10
    LAST_MISSING = 11
    READ_SHORT = 12
    READ_LONG = 13
    SPURIOUS_READ = 14
    SPURIOUS_WRITE = 15


@dataclass(frozen=True)
class MemoryModel:
    """External memory. The default is ideal: always ready, data in the next cycle, a beat per
    cycle.

    Attributes
    ----------
    latency: least and greatest cycles from a read request (or from the last beat of a write) to the
        first answer; drawn anew per burst.
    pause, burst: on each of the five channels a pause begins with this chance per cycle, and lasts
        1 to ``burst`` cycles.
    reads, writes: bursts that it takes before the first is answered.
    lazy: ready comes only after valid, as the standard allows.
    shuffle: a read sees memory at any time between its request and its answer, a write lands at any
        time before its response; otherwise both as soon as possible.
    host_skew: most cycles between the channels of one register access, and before its response is
        taken.
    seed: the same one gives the same cycles.
    """

    latency: tuple[int, int] = (1, 1)
    pause: float = 0.0
    burst: int = 1
    reads: int = MANY
    writes: int = MANY
    lazy: bool = False
    shuffle: bool = False
    host_skew: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        low, high = self.latency
        if not (
            1 <= low <= high
            and 0 <= self.pause <= 0.99
            and min(self.burst, self.reads, self.writes) >= 1
            and self.host_skew >= 0
        ):
            raise SpikeLoomError(
                "memory model: expected a latency of 1 or more, a chance of 0 to 0.99 and limits"
                f" of 1 or more, got {self}"
            )

    def timing(self) -> native.Timing:
        """The same for the library."""
        return native.Timing(
            latency_min=self.latency[0],
            latency_max=self.latency[1],
            reads=self.reads,
            writes=self.writes,
            seed=self.seed,
            pause=int(self.pause * 2**32),
            burst=self.burst,
            lazy=self.lazy,
            shuffle=self.shuffle,
        )


def random_memory(seed: int) -> MemoryModel:
    """A memory unlike the last one: slow or fast, patient or not, all within the standard."""
    rng = random.Random(seed)
    low = rng.choice((1, 1, 4, 20, 60))
    return MemoryModel(
        latency=(low, low + rng.choice((0, 3, 40))),
        pause=rng.choice((0.0, 0.1, 0.3, 0.6)),
        burst=rng.choice((1, 3, 12)),
        reads=rng.choice((1, 2, 8, MANY)),
        writes=rng.choice((1, 2, 8, MANY)),
        lazy=rng.random() < 0.3,
        shuffle=rng.random() < 0.7,
        host_skew=rng.choice((0, 3)),
        seed=seed,
    )
