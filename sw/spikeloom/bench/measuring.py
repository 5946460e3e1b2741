"""One row of the benchmark: trained, compiled, simulated, synthesised. What is there already is not made again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from spikeloom import facade
from spikeloom.bench.densities import interval_at
from spikeloom.bench.rows import Bench
from spikeloom.bench.usefulness import lut_per_useful, slowest_against_bound
from spikeloom.errors import SpikeLoomError
from spikeloom.estimate.cycles import ends
from spikeloom.files import load_array, load_json
from spikeloom.freezing import freeze
from spikeloom.inputs import checked_labels
from spikeloom.interval import wilson
from spikeloom.nets import Recipe
from spikeloom.nets import find as find_recipe
from spikeloom.spikes import count, fired
from spikeloom.train import train

Progress = Callable[[str, int, int], None]

DENSITIES = (0.15, 0.25, 0.35, 0.5)

IMAGES = 24
"""Test images that the RTL is simulated on, each twice: alone, and with the pipeline kept full."""


@dataclass(frozen=True)
class Result:
    """Figures of one row.

    Attributes
    ----------
    right, images: right answers of the frozen network, of so many test images; low, high: 95 % interval of the share.
    density: share of the neurons' bits that are set, on the whole test set.
    simulated: images that went through the Verilated RTL, all outputs and spike counts equal to the golden model's.
    interval, interval_p99: cycles between two images, simulated; worst: with all bits set, by the cycle model. latency_p99: simulated.
    port_fps: frames per second that the memory port can bring at the assumed clock. fps: the smaller of that and what the network computes.
    fps_at: the same at given densities, by the cycle model.
    lut, ff, dsp, bram36, uram: Yosys, whole accelerator with its shell. delay_ns: its longest path of cells, without wires.
    against_bound: busy cycles of the slowest layer by spikes x folds / lanes. lut_per_useful: LUTs by synapses added per cycle.
    """

    name: str
    board: str
    clock_mhz: float
    weight_bits: int
    input_bits: int
    steps: int
    right: int
    images: int
    low: float
    high: float
    density: float
    simulated: int
    interval: float
    interval_p99: float
    latency_p99: int
    worst: float
    port_fps: float
    fps: float
    fps_at: dict[str, float]
    lut: int
    ff: int
    dsp: int
    bram36: float
    uram: int
    delay_ns: float
    against_bound: float
    lut_per_useful: float

    @property
    def fps_per_klut(self) -> float:
        return self.fps / self.lut * 1000


def prepare(bench: Bench, folder: Path, data_dir: Path | None, progress: Progress) -> Path:
    """Train and freeze; the frozen network."""
    recipe, model = find_recipe(bench.name).on(data_dir), folder / "model.onnx"
    if not trained(recipe, folder):
        train(recipe, folder, data_dir=data_dir, progress=progress)
    if not model.exists() or model.stat().st_mtime < (folder / "trained.onnx").stat().st_mtime:
        progress("freeze", 0, 0)
        freeze(folder / "trained.onnx", model)
    return model


def trained(recipe: Recipe, folder: Path) -> bool:
    """Whether the folder holds a training that came to its end with these settings."""
    try:
        known = load_json(folder / "train.json", "what a training came to")
    except SpikeLoomError:
        return False
    wanted = {"name": recipe.name, "dataset": recipe.dataset, "epochs": recipe.epochs, "lr": recipe.lr, "batch": recipe.batch}
    wanted |= {"seed": 0, "spike_penalty": 0.0}
    return all(known.get(key) == value for key, value in wanted.items()) and (folder / "trained.onnx").exists()


def compiled(bench: Bench, folder: Path, data_dir: Path | None, progress: Progress) -> facade.Accelerator:
    """Trained if need be, and folded for the target. Raises SpikeLoomError where that is out of reach."""
    model = prepare(bench, folder, data_dir, progress)
    return facade.compile(
        model, bench.board, load_array(folder / "calibration_x.npy"), folder=folder,
        target_fps=bench.target_fps, share=bench.share, clock_mhz=bench.clock_mhz, progress=progress,
    )  # fmt: skip


def measure(bench: Bench, made: facade.Accelerator, images: int, progress: Progress) -> Result:
    """All figures of a row. Raises SpikeLoomError where the hardware differs from the golden model."""
    folder = made.folder
    x, labels = load_array(folder / "test_x.npy"), load_array(folder / "test_y.npy")
    truth = checked_labels(labels, made.plan.graph, len(x))
    assert truth is not None
    counted = count(made.plan.graph, x, truth, partial(progress, "torch"))
    low, high = wilson(counted.right, counted.images)
    set_bits, bits = fired(made.plan.graph, counted)
    words = made.words(x[:images])
    simulation = made.simulate(x[:images], progress=progress)
    if simulation.differences:
        raise SpikeLoomError(f"{bench.name}: the hardware differs from the golden model: {simulation.differences[0]}")
    network = made.network()
    intervals = np.diff(network.run(words, mode="stream").last)[1:]
    synthesis = made.synth(progress=progress)
    plan, taken, clock = made.plan, synthesis.total, bench.clock_mhz * 1e6
    port = clock / ends(plan.graph, plan.board)[0].cycles
    interval = float(intervals.mean())
    return Result(
        name=bench.name,
        board=bench.board,
        clock_mhz=bench.clock_mhz,
        weight_bits=max(stage.stored_width for stage in plan.stages),
        input_bits=plan.graph.input.code.steps,
        steps=max(stage.o_code.steps for stage in plan.stages if stage.o_code is not None),
        right=counted.right,
        images=counted.images,
        low=low,
        high=high,
        density=set_bits / bits,
        simulated=images,
        interval=interval,
        interval_p99=float(np.percentile(intervals, 99, method="higher")),
        latency_p99=simulation.performance.latency.p99,
        worst=interval_at(plan, 1.0),
        port_fps=port,
        fps=min(port, clock / interval),
        fps_at={f"{density:g}": min(port, clock / interval_at(plan, density)) for density in DENSITIES},
        lut=taken.lut,
        ff=taken.ff,
        dsp=taken.dsp,
        bram36=taken.ramb18 / 2,
        uram=taken.uram,
        delay_ns=synthesis.delay.ns if synthesis.delay is not None else 0.0,
        against_bound=slowest_against_bound(plan, words),
        lut_per_useful=lut_per_useful(plan, words, interval, taken.lut),
    )
