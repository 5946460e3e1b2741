"""What simulating the hardware gave, as Python and a notebook see it."""

from __future__ import annotations

from dataclasses import dataclass

from spikeloom.display import Table, count, microseconds, percent, percents, rate
from spikeloom.interface.performance import LayerFigures, Performance
from spikeloom.ir.boundary import Floats
from spikeloom.ir.number import Ints


@dataclass(frozen=True, eq=False)
class Simulation:
    """One run of the hardware over a set of images.

    Attributes
    ----------
    outputs: real outputs (N, O). values: the integers behind them (N, O, H, W).
    performance: cycles, spikes and operations, counted in the hardware.
    differences: what was not equal to the golden model, one line each; empty as it should be.
    """

    outputs: Floats
    values: Ints
    performance: Performance
    differences: tuple[str, ...]

    def __repr__(self) -> str:
        p = self.performance
        state = (
            f"differs: {self.differences[0]}" if self.differences else "equal to the golden model"
        )
        return (
            f"<simulation of {count(p.images)} images, {count(p.latency.median)} cycles each"
            f" (median), {state}>"
        )

    def _repr_html_(self) -> str:
        p = self.performance
        return "".join(table._repr_html_() for table in (summary(p), layers(p, whole=True)))


def summary(p: Performance) -> Table:
    """Accuracy of every rung, latency, interval and frame rate."""
    rows = [
        (
            f"accuracy, {rung}",
            percent(share, 2),
            f"{count(round(share * p.images))} of {count(p.images)}",
        )
        for rung, share in p.accuracy.items()
    ]
    if p.identical:
        rows.append(
            (
                "identical image by image",
                " = ".join(p.identical),
                "every output, compared with ==",
            )
        )
    for what in ("min", "median", "p99"):
        rows.append(timed(f"latency, {what}", getattr(p.latency, what), p.clock_mhz))
    if p.interval is not None:
        rows.append(timed("initiation interval", p.interval.mean, p.clock_mhz))
        rows.append(("frames per second", rate(p.frames_per_second), "pipeline kept full"))
    return Table(f"{p.network} on {p.board}: {count(p.images)} images", ("", "", ""), tuple(rows))


def timed(what: str, cycles: float, clock_mhz: float) -> tuple[str, str, str]:
    """A row of cycles and the time that they take."""
    return what, f"{count(cycles)} cycles", microseconds(cycles, clock_mhz)


def layers(p: Performance, whole: bool = False) -> Table:
    """Per layer and image: spikes, sparsity of every plane, synaptic operations, cycles, how busy;
    with ``whole`` also how long it waited, for what is wider than a terminal.
    """
    heads = ("layer", "kind", "spikes", "not set %", "syn. ops", "cycles", "busy")
    more = ("starved", "stalled") if whole else ()
    rows = tuple(row(figures, p.images, whole) for figures in p.stream)
    return Table("per layer and image; bits not set, by plane", (*heads, *more), rows)


def row(f: LayerFigures, images: int, whole: bool) -> tuple[str, ...]:
    spikes = count(sum(f.spikes) / images) if f.spikes else "–"
    cells = (f.name, f.kind, spikes, percents(f.sparsity) or "–")
    shares = (f.busy, f.starved, f.stalled) if whole else (f.busy,)
    if not f.cycles:
        return (*cells, "", "", *[""] * len(shares))
    work = (count(f.synaptic / images), count(f.busy / images))
    return (*cells, *work, *(percent(f.share(cycles)) for cycles in shares))
