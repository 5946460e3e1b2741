"""What was measured: ``measure.json``, the same format from a board and from a simulated one.

A simulated measurement holds no host time and no power: there is nothing to measure them on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spikeloom.display import (
    NO_NUMBER,
    Table,
    count,
    microseconds,
    percent,
    percents,
    rate,
    scaled,
    shortened,
)
from spikeloom.driver.figures import Power, Rail, StageFigures, StreamFigures, Traffic
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_schema, save_json
from spikeloom.interface.figures import Spread, finn_names

SCHEMA = 2
"""Of ``measure.json``; another number is another format."""

FILE = "measure.json"

NAME = 24
"""Characters of a name at most."""

PLANES = 6
"""Planes in one row at most."""

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
        return "\n\n".join(repr(table) for table in tables(self))

    def _repr_html_(self) -> str:
        return "".join(table._repr_html_() for table in tables(self))

    @property
    def frames_per_second(self) -> float:
        """With the pipeline kept full, data movement included."""
        return self.images * self.clock_mhz * 1e6 / self.stream_cycles

    @property
    def synaptic_per_image(self) -> float:
        return sum(stage.synaptic for stage in self.stream) / self.images

    @property
    def synaptic_per_second(self) -> float:
        return self.synaptic_per_image * self.frames_per_second

    def to_dict(self) -> dict[str, Any]:
        """As in ``measure.json``: what was measured, and what follows from it."""
        data = asdict(self)
        for row, stream in zip(data["streams"], self.streams, strict=True):
            row.update(
                sparsity=stream.sparsity,
                zero_values=stream.zero_values,
                firing_rate=stream.firing_rate,
            )
        spreads = {name: getattr(self, name) for name in ("latency", "start_to_done", "interval")}
        derived = {
            **finn_names(self.clock_mhz, self.images, self.frames_per_second, spreads),
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
        data = load_schema(path, "a measurement", SCHEMA, "measure again")
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


def tables(m: Measurement) -> tuple[Table, ...]:
    """Everything, in the order of one screen of 80 columns."""
    return timing(m), rates(m), *power(m), streams(m), stages(m)


def timing(m: Measurement) -> Table:
    """Latency, start to done and interval in cycles, and how long that takes; host time where there
    is one.
    """
    spreads = {"latency": m.latency, "start to done": m.start_to_done, "interval": m.interval}
    rows = [
        (
            what,
            *(count(cycles) for cycles in (spread.min, spread.median, spread.p99, spread.max)),
            microseconds(spread.median, m.clock_mhz),
        )
        for what, spread in spreads.items()
        if spread is not None
    ]
    if m.host is not None:
        rows.append(("host, wall clock", "", "", "", "", microseconds(1e6 * m.host.median, 1)))
    heads = ("cycles", "min", "median", "p99", "max", "median time")
    where, clock = (
        ("", f"{m.clock_mhz:g} MHz")
        if m.source == "board"
        else ("simulated ", f"{m.clock_mhz:g} MHz assumed")
    )
    steps = f", {m.steps} time step{'s' * (m.steps > 1)}" if m.steps else ""
    what = f"{shortened(m.network, NAME)} on a {where}{m.board}"
    return Table(f"{what}: {count(m.images)} images, {clock}{steps}", heads, tuple(rows))


def rates(m: Measurement) -> Table:
    """Throughput, operations, and what moved between host and fabric."""
    rows = [
        ("frames per second", rate(m.frames_per_second), "start to done"),
        (
            "syn. operations",
            count(m.synaptic_per_image),
            f"per image; {rate(m.synaptic_per_second / 1e6)} million per second",
        ),
        ("memory, in", scaled(m.input.bytes, "B"), traffic(m.input, m.input_wait)),
        ("memory, out", scaled(m.output.bytes, "B"), traffic(m.output, m.output_wait)),
    ]
    if m.power is None:
        rows.append(("power", NO_NUMBER, m.power_reason))
    return Table("rates", ("pipeline kept full", "", ""), tuple(rows))


def traffic(direction: Traffic, waited: int) -> str:
    seconds = f", {count(1000 * direction.seconds)} ms" if direction.seconds is not None else ""
    return f"{direction.passes} numpy passes{seconds}; waited {scaled(waited, ' cycles')}"


def power(m: Measurement) -> tuple[Table, ...]:
    """One row per rail, where there are sensors."""
    if m.power is None:
        return ()
    rows = tuple(
        (shortened(rail.name, NAME), f"{rail.idle:.3f} W", f"{rail.active:.3f} W")
        for rail in m.power.rails
    )
    return (Table(f"power, {m.power.seconds:g} s each", ("rail", "idle", "active"), rows),)


def streams(m: Measurement) -> Table:
    """Spikes and sparsity of everything that spikes."""
    rows = tuple(row for stream in m.streams for row in stream_rows(stream, m.images))
    heads = ("spikes of", "per image", "rate", "zero", "not set %, by plane")
    return Table("spikes, per image", heads, rows)


def stream_rows(stream: StreamFigures, images: int) -> Iterator[tuple[str, ...]]:
    """One row, or more where there are many planes."""
    head = (
        shortened(stream.name, NAME),
        count(sum(stream.spikes) / images),
        f"{stream.firing_rate:.3f}",
        percent(stream.zero_values),
    )
    for start in range(0, len(stream.spikes), PLANES):
        yield *head, percents(stream.sparsity[start : start + PLANES])
        head = ("", "", "", "")


def stages(m: Measurement) -> Table:
    """What every layer did, pipeline kept full."""

    def row(stage: StageFigures) -> tuple[str, ...]:
        cycles = (stage.busy, stage.starved, stage.stalled)
        shares = [percent(stage.share(n) if stage.cycles else None) for n in cycles]
        return shortened(stage.name, NAME), count(stage.synaptic / m.images), *shares

    heads = ("layer", "syn. ops", "busy", "starved", "stalled")
    return Table("layers, per image", heads, tuple(row(stage) for stage in m.stream))
