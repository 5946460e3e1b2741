"""One row of the benchmark: trained, compiled, simulated, synthesised. What is there already is not
made again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeloom.accelerator import Accelerator
from spikeloom.backend.yosys import yosys
from spikeloom.bench.published.counting import evaluate, speed
from spikeloom.bench.published.densities import interval_at
from spikeloom.bench.published.rows import Bench
from spikeloom.bench.published.training import train_and_freeze
from spikeloom.bench.published.usefulness import (
    Longest,
    Slowest,
    longest_and_slowest,
    lut_per_useful,
)
from spikeloom.cache.results import Store
from spikeloom.files import load_array, load_json
from spikeloom.mapping.estimate.cycles import ends
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.search.budget import total
from spikeloom.pipeline import compile
from spikeloom.progress import Progress

DENSITIES = (0.15, 0.25, 0.35, 0.5)

IMAGES = 24
"""Test images that the RTL is simulated on, each twice: alone, and with the pipeline kept full."""

ROUTED = (1.5, 2.5)
"""What a clock period is typically, over the longest path of cells."""


HOW = {
    "right, images": "frozen network, whole test set",
    "low, high": (
        "95 %: Wilson's interval with the design effect of images that are made of the same source"
    ),
    "simulated, latency_p99": (
        "Verilated RTL of the network, cycle by cycle: outputs and spike counts equal to the golden"
        " model, intervals to the cycle model"
    ),
    "interval, interval_p99": (
        "cycle model on modelled images of the whole test set, beats no sooner than the memory port"
        " brings them"
    ),
    "worst, fps_at": "cycle model on random spikes of the given density in every stream",
    "fps, port_fps": (
        "at the clock clock_mhz, which is assumed: no router and no board has confirmed it"
    ),
    "lut, ff, dsp, bram36, uram, delay_ns": (
        "synthesised by Yosys, shell included; the delay is that of cells of a 7-series part,"
        " without wires, and without paths through the cells of delay_without"
    ),
    "lut_estimated, bram36_estimated, dsp_estimated": "cost model, before synthesis",
    "longest": "busy cycles of an image",
    "slowest": (
        "bound: spikes x folds / lanes; queues: words without a spike take a cycle too, and not all"
        " ports have one; busiest: a pass waits for its busiest queue"
    ),
    "lut_per_useful": "LUTs of the whole accelerator; layers that multiply add no synapses",
}


@dataclass(frozen=True)
class Result:
    """Figures of one row.

    Attributes
    ----------
    right, images: right answers of the frozen network, of so many test images. sources: real
        examples that these were made of.
    low, high: 95 % interval of the share, as :func:`spikeloom.bench.statistics.clustered` has it.
    density: share of the neurons' bits that are set, on the whole test set.
    simulated, latency_p99, modelled, interval, interval_p99: as in
        :class:`spikeloom.bench.published.counting.Speed`.
    worst: cycles between two images with all bits set, by the cycle model.
    port_fps: frames per second that the memory port can bring at the assumed clock. fps: the
        smaller of that and what the network computes.
    fps_at: the same at given densities, by the cycle model.
    lut, ff, dsp, bram36, uram: Yosys, whole accelerator with its shell. delay_ns: its longest path
        of cells, without wires.
    delay_without: types of cells whose delay is not known; paths through them are in no
        ``delay_ns``.
    lut_estimated, bram36_estimated, dsp_estimated: the same by the cost model, before anything was
        synthesised.
    longest, slowest, lut_per_useful: see :mod:`spikeloom.bench.published.usefulness`.
    top_sha256: of the Verilog, and made_with: the Yosys that the row was made with. dataset: what
        it was trained and tested on.
    """

    name: str
    top_sha256: str
    made_with: str
    dataset: str
    board: str
    clock_mhz: float
    weight_bits: int
    input_bits: int
    steps: int
    right: int
    images: int
    sources: int
    low: float
    high: float
    density: float
    simulated: int
    latency_p99: int
    modelled: int
    interval: float
    interval_p99: float
    worst: float
    port_fps: float
    fps: float
    fps_at: dict[str, float]
    lut: int
    ff: int
    dsp: int
    bram36: float
    uram: int
    lut_estimated: int
    bram36_estimated: float
    dsp_estimated: int
    delay_ns: float
    delay_without: tuple[str, ...]
    longest: Longest
    slowest: Slowest
    lut_per_useful: float | None

    @property
    def accuracy(self) -> float:
        return self.right / self.images

    @property
    def fps_per_klut(self) -> float:
        return self.fps / self.lut * 1000

    def routed_fps(self, factor: float) -> float:
        """Where a clock period is so many times the longest path of cells, and no shorter than
        assumed.
        """
        return (
            self.fps * min(1.0, 1000 / (factor * self.delay_ns) / self.clock_mhz)
            if self.delay_ns
            else self.fps
        )


def read(data: dict[str, Any]) -> Result:
    """From JSON. Raises TypeError or KeyError where the data is something else."""
    found = {
        "longest": Longest(**data["longest"]),
        "slowest": Slowest(**data["slowest"]),
        "delay_without": tuple(data["delay_without"]),
    }
    return Result(**{**data, **found})


RESULTS = Store("bench.json", "figures of 'spikeloom bench'", read, HOW)
"""Figures of a row, in its folder."""


def compiled(bench: Bench, folder: Path, data_dir: Path | None, progress: Progress) -> Accelerator:
    """Trained if need be, and folded for the target. Raises SpikeLoomError where that is out of
    reach.
    """
    model = train_and_freeze(bench.name, folder, data_dir, progress)
    return compile(
        model,
        bench.board,
        load_array(folder / "calibration_x.npy"),
        folder=folder,
        target_fps=bench.target_fps,
        share=bench.share,
        clock_mhz=bench.clock_mhz,
        progress=progress,
    )


def time_steps(plan: Plan) -> int:
    """The most time steps of a neuron. Sums of a pool travel on more planes, which are none."""
    return max((layer.time_steps for layer in plan.graph.layers if layer.neuron.fires), default=0)


def weight_bits(plan: Plan) -> int:
    """Of the widest weights; one where they are +1 and -1, however a body keeps them."""
    return max(
        1 if stage.synapses.binary else stage.weight_width
        for stage in plan.stages
        if stage.body.adds
    )


def made_with() -> str:
    """The Yosys that rows are made with. Raises SpikeLoomError where there is none."""
    return f"Yosys {yosys.version()}"


def measure(bench: Bench, made: Accelerator, images: int, progress: Progress) -> Result:
    """All figures of a row. Raises SpikeLoomError where the hardware differs from the golden model,
    or in time from the cycle model.
    """
    found = evaluate(made, progress)
    run, synthesis = (
        speed(made, load_array(made.folder / "test_x.npy"), images, progress),
        made.synth(progress=progress),
    )
    plan, taken, clock = made.plan, synthesis.total, bench.clock_mhz * 1e6
    longest, slowest = longest_and_slowest(plan, run.trace)
    port, expected = clock / ends(plan.graph, plan.board)[0].cycles, total(plan)
    return Result(
        name=bench.name,
        top_sha256=made.top_sha256(progress),
        made_with=made_with(),
        dataset=load_json(made.folder / "train.json", "settings of 'spikeloom train'")["dataset"],
        board=bench.board,
        clock_mhz=bench.clock_mhz,
        weight_bits=weight_bits(plan),
        input_bits=plan.graph.input.code.steps,
        steps=time_steps(plan),
        right=found.right,
        images=found.images,
        sources=found.sources,
        low=found.low,
        high=found.high,
        density=found.density,
        simulated=run.simulated,
        latency_p99=run.latency_p99,
        modelled=run.modelled,
        interval=run.interval,
        interval_p99=run.interval_p99,
        worst=interval_at(plan, 1.0),
        port_fps=port,
        fps=min(port, clock / run.interval),
        fps_at={
            f"{density:g}": min(port, clock / interval_at(plan, density)) for density in DENSITIES
        },
        lut=taken.lut,
        ff=taken.ff,
        dsp=taken.dsp,
        bram36=taken.ramb18 / 2,
        uram=taken.uram,
        lut_estimated=expected.lut,
        bram36_estimated=expected.bram18 / 2,
        dsp_estimated=expected.dsp,
        delay_ns=synthesis.delay.ns if synthesis.delay is not None else 0.0,
        delay_without=synthesis.without_arcs,
        longest=longest,
        slowest=slowest,
        lut_per_useful=lut_per_useful(plan, run.trace, run.interval, taken.lut),
    )
