"""What was measured: ``measure.json``, the same format from a board and from a simulated one.

A simulated measurement holds no host time and no power: there is nothing to measure them on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json, save_json

SCHEMA = 1
"""Of ``measure.json``; another number is another format."""

FILE = "measure.json"

DEFINITIONS = {
    "latency": (
        "cycles from the first input beat to the last output value of an image, one image in flight"
    ),
    "start_to_done": (
        "cycles from the start of a job of one image to its end, data movement included"
    ),
    "host": "seconds on the host's clock around predict() of one image",
    "interval": (
        "cycles between the last output values of two images that follow each other, pipeline kept"
        " full"
    ),
    "sparsity": (
        "share of bits that are not set, by plane, the most significant first; spikes are counted"
        " at their producer"
    ),
    "zero_values": "share of words that are zero",
    "firing_rate": "set bits per word and time step",
    "synaptic": "synapses that added their weight",
    "busy, starved, stalled": (
        "cycles, with an image in flight, in which a layer worked, had nothing to work on, or"
        " waited for room"
    ),
    "input_wait, output_wait": (
        "cycles in which the network waited for memory to give, or to take; pipeline kept full"
    ),
}


@dataclass(frozen=True)
class Spread:
    """Smallest, middle, 99th percentile, largest and mean of a list of numbers; percentiles are
    values that occurred.
    """

    min: float
    p50: float
    p99: float
    max: float
    mean: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """Raises SpikeLoomError for an empty list."""
        if not len(numbers):
            raise SpikeLoomError("expected at least one number to describe")
        ordered = sorted(numbers)

        def rank(percent: int) -> float:
            return ordered[min(len(ordered) - 1, -(-percent * (len(ordered) - 1) // 100))]

        return cls(ordered[0], rank(50), rank(99), ordered[-1], sum(ordered) / len(ordered))

    def times(self, factor: float) -> dict[str, float]:
        return {name: value * factor for name, value in asdict(self).items()}


@dataclass(frozen=True)
class StreamFigures:
    """Spikes that left the input or a layer, summed over all images: ``words`` words, set bits of
    each plane, words that are not zero.

    ``crc`` of all words, where the hardware keeps one: see :mod:`spikeloom.mapping.plan.checksums`.
    """

    name: str
    words: int
    spikes: tuple[int, ...]
    nonzero: int
    crc: int | None = None

    @property
    def sparsity(self) -> tuple[float, ...]:
        return tuple(1 - n / self.words for n in self.spikes)

    @property
    def zero_values(self) -> float:
        return 1 - self.nonzero / self.words

    @property
    def firing_rate(self) -> float:
        return sum(self.spikes) / (self.words * len(self.spikes))


@dataclass(frozen=True)
class StageFigures:
    """What one layer did, summed over all images: synaptic operations, and cycles; a residual's
    operations belong to the layer it joins.
    """

    name: str
    synaptic: int
    busy: int
    starved: int
    stalled: int

    @property
    def cycles(self) -> int:
        return self.busy + self.starved + self.stalled


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


@dataclass(frozen=True, repr=False)
class Measurement:
    """Everything that one ``measure()`` found.

    Attributes
    ----------
    source: "board" or "simulated". network, identity, board: whose hardware it was. pynq: version
        of it.
    clock_mhz: as pynq reads it. latency, start_to_done: cycles. latencies: of each image, in
        cycles.
    interval: cycles, None with one image. stream_cycles: of all jobs with the pipeline kept full,
        start to done.
    single, stream: per layer with one image at a time, and with the pipeline kept full. host:
        seconds, None off a board.
    input_wait, output_wait: cycles. steps: time steps that were run, None for all. power: None with
        its reason in ``power_reason``.
    """

    source: str
    network: str
    identity: str
    board: str
    pynq: str
    clock_mhz: float
    images: int
    latency: Spread
    latencies: tuple[int, ...]
    start_to_done: Spread
    host: Spread | None
    interval: Spread | None
    stream_cycles: int
    streams: tuple[StreamFigures, ...]
    single: tuple[StageFigures, ...]
    stream: tuple[StageFigures, ...]
    input: Traffic
    output: Traffic
    input_wait: int
    output_wait: int
    power: Power | None
    power_reason: str
    steps: int | None = None

    def __post_init__(self) -> None:
        if self.source not in ("board", "simulated"):
            raise SpikeLoomError(
                f"measurement: expected the source board or simulated, got {self.source}"
            )
        timed = (self.host, self.power, self.input.seconds, self.output.seconds)
        if self.source == "simulated" and any(found is not None for found in timed):
            raise SpikeLoomError("measurement: a simulation has no host time and no power")

    def __repr__(self) -> str:
        from spikeloom.driver.text import tables

        return "\n\n".join(repr(table) for table in tables(self))

    def _repr_html_(self) -> str:
        from spikeloom.driver.text import tables

        return "".join(table._repr_html_() for table in tables(self))

    @property
    def images_per_second(self) -> float:
        """With the pipeline kept full, data movement included."""
        return self.images * self.clock_mhz * 1e6 / self.stream_cycles

    @property
    def synaptic_per_image(self) -> float:
        return sum(stage.synaptic for stage in self.stream) / self.images

    @property
    def synaptic_per_second(self) -> float:
        return self.synaptic_per_image * self.images_per_second

    def to_dict(self) -> dict[str, Any]:
        """As in ``measure.json``: what was measured, and what follows from it."""
        microsecond = 1 / self.clock_mhz
        data = asdict(self)
        for row, stream in zip(data["streams"], self.streams, strict=True):
            row.update(
                sparsity=stream.sparsity,
                zero_values=stream.zero_values,
                firing_rate=stream.firing_rate,
            )
        derived = {
            "latency_us": self.latency.times(microsecond),
            "start_to_done_us": self.start_to_done.times(microsecond),
            "interval_us": self.interval.times(microsecond) if self.interval is not None else None,
            "images_per_second": self.images_per_second,
            "synaptic_operations_per_image": self.synaptic_per_image,
            "synaptic_operations_per_second": self.synaptic_per_second,
        }
        return {
            "schema": SCHEMA,
            "source": self.source,
            "definitions": DEFINITIONS,
            **data,
            **derived,
        }

    def save(self, path: Path) -> None:
        save_json(path, self.to_dict())

    @classmethod
    def load(cls, path: Path) -> Measurement:
        """Raises SpikeLoomError where the file is missing, of another schema, or not one of
        :meth:`save`.
        """
        data: Any = load_json(path, "a measurement (measure.json)")
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            found = data.get("schema") if isinstance(data, dict) else "something else"
            raise SpikeLoomError(
                f"{path}: expected a measurement of schema {SCHEMA}, found {found}; measure again"
            )
        try:
            return cls.from_dict(data)
        except (KeyError, TypeError, AttributeError) as error:
            raise SpikeLoomError(
                f"{path}: expected a measurement, found something else ({error})"
            ) from error

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Measurement:
        """The inverse of :meth:`to_dict`; what follows from the rest is left out. Raises KeyError
        or TypeError on other data.
        """
        parts = {name: data[name] for name in cls.__dataclass_fields__ if name != "steps"}
        parts["steps"] = data.get("steps")
        for name in ("latency", "start_to_done", "host", "interval"):
            parts[name] = Spread(**parts[name]) if parts[name] is not None else None
        parts["streams"] = tuple(
            StreamFigures(
                row["name"], row["words"], tuple(row["spikes"]), row["nonzero"], row["crc"]
            )
            for row in data["streams"]
        )
        for name in ("single", "stream"):
            parts[name] = tuple(StageFigures(**row) for row in data[name])
        for name in ("input", "output"):
            parts[name] = Traffic(**data[name])
        if parts["power"] is not None:
            power = parts["power"]
            parts["power"] = Power(
                power["seconds"], power["samples"], tuple(Rail(**rail) for rail in power["rails"])
            )
        parts["latencies"] = tuple(data["latencies"])
        return cls(**parts)
