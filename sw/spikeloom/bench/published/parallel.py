"""A row against its honest baseline: the bit-parallel plan of
:mod:`spikeloom.bench.published.baseline`, simulated and synthesised as the row was.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeloom.accelerator import Accelerator
from spikeloom.bench.published.baseline import match
from spikeloom.bench.published.counting import speed
from spikeloom.bench.published.row import Result
from spikeloom.cache.results import Store
from spikeloom.display import count, rate, ratio
from spikeloom.files import load_array
from spikeloom.mapping.estimate.bodies import multipliers
from spikeloom.mapping.estimate.cycles import network_interval
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.search.budget import total
from spikeloom.progress import Progress, named
from spikeloom.report import estimates

HOW = {
    "interval, fps": "as in the rows, RTL included, with the same weights and images",
    "larger_cycles, larger_lut": (
        "closed form and cost model: the next faster folding, which is larger than wanted"
    ),
    "lut_estimated": (
        "cost model; chosen to be near lut_wanted, which is what the row's accelerator takes by"
        " synthesis"
    ),
    "lut, ff, dsp, bram36, delay_ns": "synthesised by Yosys, shell included, as in the rows",
    "multiplied_in": (
        "Yosys takes a DSP for a product of 9 bits or more whose factors have 2 at least, and LUTs"
        " for others"
    ),
}


@dataclass(frozen=True)
class Parallel:
    """Attributes
    ----------
    simulated, modelled, interval: as in :class:`spikeloom.bench.published.counting.Speed`. fps: the
        smaller of memory port and clock / interval.
    lut_wanted, lut_estimated: what the row takes by synthesis, and what the baseline was expected
        to. lut, ff, dsp, bram36: synthesised.
    multiplied_in: "LUT", "DSP" or both, by layer: layer -> which. others: layers that have no such
        body, with the one that they have.
    note: why the size is not near the one wanted; empty where it is.
    larger_cycles, larger_lut: of the smallest bit-parallel plan that is faster, both estimated; 0
        where there is none.
    """

    name: str
    simulated: int
    modelled: int
    interval: float
    fps: float
    lut_wanted: int
    lut_estimated: int
    lut: int
    ff: int
    dsp: int
    bram36: float
    delay_ns: float
    multiplied_in: dict[str, str]
    others: dict[str, str]
    note: str
    larger_cycles: float
    larger_lut: int

    def larger_fps(self, row: Result) -> float:
        """Of the larger plan, estimated."""
        return min(row.port_fps, row.clock_mhz * 1e6 / self.larger_cycles)


def read(data: dict[str, Any]) -> Parallel:
    """From what ``asdict`` made. Raises TypeError where the data is something else."""
    return Parallel(**data)


BASELINES = Store("bench.json", "figures of 'spikeloom bench'", read, HOW)
"""Figures of a row's baseline, in a folder beside the row's."""


def make(made: Accelerator, row: Result, folder: Path, images: int, progress: Progress) -> Parallel:
    """Fold, simulate and synthesise in ``folder``. Raises SpikeLoomError where no bit-parallel plan
    is that small.
    """
    progress("match", 0, 0)
    found = match(made.plan, row.lut, named("match", progress))
    other = Accelerator(folder, found.plan)
    estimates.write(found.plan, folder)
    plan_file.save(found.plan, folder)
    run = speed(other, load_array(made.folder / "test_x.npy"), images, progress)
    synthesis = other.synth(progress=progress)
    taken = synthesis.total
    return Parallel(
        name=row.name,
        simulated=run.simulated,
        modelled=run.modelled,
        interval=run.interval,
        fps=min(row.port_fps, row.clock_mhz * 1e6 / run.interval),
        lut_wanted=row.lut,
        lut_estimated=found.need.lut,
        lut=taken.lut,
        ff=taken.ff,
        dsp=taken.dsp,
        bram36=taken.ramb18 / 2,
        delay_ns=synthesis.delay.ns if synthesis.delay is not None else 0.0,
        multiplied_in=multiplier_kinds(found.plan),
        others={name: found.plan[name].folding.body for name in found.others},
        note=found.note,
        larger_cycles=0.0 if found.larger is None else network_interval(found.larger),
        larger_lut=0 if found.larger is None else total(found.larger).lut,
    )


def multiplier_kinds(plan: Plan) -> dict[str, str]:
    """What each bit-parallel layer multiplies in."""
    return {
        stage.name: "DSP" if multipliers(stage) else "LUT"
        for stage in plan.stages
        if stage.body.multiplies
    }


HEADS = (
    "network", "T", "products in (layers)", "interval", "fps", "LUT (wanted, estimated)", "DSP",
    "BRAM36", "event fps / parallel fps", "event fps/LUT / parallel fps/LUT",
    "next faster one, estimated: cycles, LUT, the same ratio", "note",
)  # fmt: skip


def cells(found: Parallel, row: Result) -> list[str]:
    """One row of the table."""
    f, kinds = found, sorted(set(found.multiplied_in.values()))
    notes = [
        f.note,
        (
            f"other bodies: {', '.join(f'{name} {body}' for name, body in f.others.items())}"
            if f.others
            else ""
        ),
    ]
    return [
        f.name,
        f"{row.steps}",
        ", ".join(f"{kind} ({list(f.multiplied_in.values()).count(kind)})" for kind in kinds),
        f"{count(f.interval)} (event {count(row.interval)})",
        rate(f.fps),
        f"{count(f.lut)} ({count(f.lut_wanted)}, {count(f.lut_estimated)})",
        f"{count(f.dsp)} (event {count(row.dsp)})",
        f"{count(f.bram36)} (event {count(row.bram36)})",
        ratio(row.fps / f.fps),
        ratio(row.fps / row.lut / (f.fps / f.lut)),
        (
            f"{count(f.larger_cycles)}, {count(f.larger_lut)},"
            f" {ratio(row.fps / row.lut / (f.larger_fps(row) / f.larger_lut))}"
            if f.larger_lut
            else "none"
        ),
        "; ".join(filter(None, notes)),
    ]
