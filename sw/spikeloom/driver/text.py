"""A measurement as tables of text that fit a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

from spikeloom.display import Table
from spikeloom.driver.measurement import Measurement, Spread, StageFigures, StreamFigures, Traffic

NAME = 24
"""Characters of a name at most."""

PLANES = 8
"""Planes in one row at most."""


def number(value: float) -> str:
    """Thousands apart; decimals only where there are few digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.1f}"


def scaled(value: float, unit: str) -> str:
    """A large number in thousands or millions of its unit."""
    for factor, letter in ((1e6, "M"), (1e3, "k")):
        if value >= 10 * factor:
            return f"{value / factor:,.0f} {letter}{unit}"
    return f"{value:,.0f} {unit.strip()}"


def short(name: str, most: int = NAME) -> str:
    return (
        name
        if len(name) <= most
        else f"{name[: most // 2 - 1]}…{name[len(name) - (most - most // 2) :]}"
    )


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole else "–"


def timing(m: Measurement) -> Table:
    """Latency, start to done, interval in cycles and µs, and host time where there is one."""
    rows = []
    for what, spread in (
        ("latency, one alone", m.latency),
        ("start to done", m.start_to_done),
        ("interval, full", m.interval),
    ):
        if spread is not None:
            rows.append((what, *spread_text(spread), f"{spread.p50 / m.clock_mhz:,.2f}"))
    if m.host is not None:
        rows.append(("host, wall clock", "", "", "", "", f"{1e6 * m.host.p50:,.0f}"))
    heads = ("cycles", "min", "p50", "p99", "max", "p50 µs")
    where, clock = (
        ("", f"{m.clock_mhz:g} MHz")
        if m.source == "board"
        else ("simulated ", f"{m.clock_mhz:g} MHz assumed")
    )
    steps = f", {m.steps} time step{'s' * (m.steps > 1)}" if m.steps else ""
    return Table(
        f"{short(m.network)} on a {where}{m.board}: {m.images} images, {clock}{steps}",
        heads,
        tuple(rows),
    )


def spread_text(spread: Spread) -> tuple[str, ...]:
    return tuple(number(value) for value in (spread.min, spread.p50, spread.p99, spread.max))


def rates(m: Measurement) -> Table:
    """Throughput, operations, and what moved between host and fabric."""
    rows = [
        ("images per second", number(m.images_per_second), "start to done"),
        (
            "syn. operations",
            number(m.synaptic_per_image),
            f"per image; {number(m.synaptic_per_second / 1e6)} million per second",
        ),
        ("memory, in", scaled(m.input.bytes, "B"), traffic(m.input, m.input_wait)),
        ("memory, out", scaled(m.output.bytes, "B"), traffic(m.output, m.output_wait)),
    ]
    if m.power is None:
        rows.append(("power", "–", m.power_reason))
    return Table("rates", ("pipeline kept full", "", ""), tuple(rows))


def traffic(direction: Traffic, waited: int) -> str:
    seconds = f", {1000 * direction.seconds:,.1f} ms" if direction.seconds is not None else ""
    return f"{direction.passes} numpy passes{seconds}; waited {scaled(waited, ' cycles')}"


def power(m: Measurement) -> tuple[Table, ...]:
    """One row per rail, where there are sensors."""
    if m.power is None:
        return ()
    rows = tuple(
        (short(rail.name), f"{rail.idle:.3f}", f"{rail.active:.3f}") for rail in m.power.rails
    )
    return (Table(f"power in watts, {m.power.seconds:g} s each", ("rail", "idle", "active"), rows),)


def streams(m: Measurement) -> Table:
    """Sparsity of everything that spikes."""
    rows = tuple(row for stream in m.streams for row in stream_rows(stream))
    return Table("not set, in %", ("spikes of", "rate", "zero", "by plane"), rows)


def stream_rows(stream: StreamFigures) -> Iterator[tuple[str, ...]]:
    """One row, or more where there are many planes."""
    head = (short(stream.name), f"{stream.firing_rate:.3f}", f"{100 * stream.zero_values:.1f}")
    for start in range(0, len(stream.spikes), PLANES):
        yield (
            *head,
            " ".join(f"{100 * part:3.0f}" for part in stream.sparsity[start : start + PLANES]),
        )
        head = ("", "", "")


def stages(m: Measurement) -> Table:
    """What every layer did, pipeline kept full."""

    def row(stage: StageFigures) -> tuple[str, ...]:
        shares = (share(part, stage.cycles) for part in (stage.busy, stage.starved, stage.stalled))
        return short(stage.name), number(stage.synaptic / m.images), *shares

    return Table(
        "layers, per image and in %",
        ("layer", "syn.ops", "busy", "starved", "stalled"),
        tuple(row(stage) for stage in m.stream),
    )


def tables(m: Measurement) -> tuple[Table, ...]:
    """Everything, in the order of one screen."""
    return timing(m), rates(m), *power(m), streams(m), stages(m)
