"""The parts of a measurement: what was counted of streams and layers, what moved, what it took."""

from __future__ import annotations

from dataclasses import dataclass

from spikeloom.interface.figures import CycleShares, SpikeShares


@dataclass(frozen=True)
class StreamFigures(SpikeShares):
    """Spikes that left the input or a layer, summed over all images: ``words`` words, set bits of
    each plane, words that are not zero.

    ``crc`` of all words, where the hardware keeps one: see :mod:`spikeloom.mapping.plan.checksums`.
    """

    name: str
    words: int
    spikes: tuple[int, ...]
    nonzero: int
    crc: int | None = None


@dataclass(frozen=True)
class StageFigures(CycleShares):
    """What one layer did, summed over all images: synaptic operations, and cycles; a residual's
    operations belong to the layer it joins.
    """

    name: str
    synaptic: int
    busy: int
    starved: int
    stalled: int


@dataclass(frozen=True)
class Traffic:
    """One direction between host and fabric: bytes on the memory port, times numpy goes over the
    data, and the host's seconds or None.
    """

    bytes: int
    passes: int
    seconds: float | None


@dataclass(frozen=True)
class Rail:
    """Mean power of one supply rail in watts, by the name that the board's driver gives it: idle,
    and with the pipeline kept full.
    """

    name: str
    idle: float
    active: float


@dataclass(frozen=True)
class Power:
    """``seconds`` of each, ``samples`` readings of every rail while active. Rails may feed one
    another: they are not summed.
    """

    seconds: float
    samples: int
    rails: tuple[Rail, ...]
