"""What simulating the hardware gave, as Python and a notebook see it."""

from __future__ import annotations

from dataclasses import dataclass

from spikeloom.display import Table
from spikeloom.interface.performance import Performance
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
            f"<simulation of {p.images} images, {p.latency.median} cycles each (median), {state}>"
        )

    def _repr_html_(self) -> str:
        return performance_table(self.performance)._repr_html_()


def performance_table(p: Performance) -> Table:
    """Figures per layer of a simulation, per image."""
    rows = []
    for row in p.stream:
        sparsity = " ".join(f"{s:.0%}" for s in row.sparsity)
        spikes, synaptic, busy = (
            f"{n / p.images:.0f}" for n in (sum(row.spikes), row.synaptic, row.busy)
        )
        rows.append(
            (
                row.name,
                row.kind,
                spikes if row.spikes else "–",
                sparsity or "–",
                synaptic,
                busy,
                f"{row.share(row.busy):.1%}",
            )
        )
    heads = (
        "layer",
        "kind",
        "spikes",
        "bits not set, by plane",
        "synaptic operations",
        "busy cycles",
        "busy",
    )
    title = (
        f"{p.network}: latency {p.latency.min} / {p.latency.median} / {p.latency.p99} cycles (min /"
        " median / p99), simulated, per image"
    )
    return Table(title, heads, tuple(rows))
