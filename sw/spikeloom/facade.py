"""From a model to an accelerator in Python: what the command line calls, and what a notebook shows.

This file and the command line alone know all three houses; hardware and simulation are imported when they are needed.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from spikeloom import golden, manifest, planfile, rungs
from spikeloom.code import Ints
from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array, first_line
from spikeloom.golden import Floats
from spikeloom.graph import Graph
from spikeloom.inputs import array_of, checked_labels, input_words, nonempty
from spikeloom.plan import Plan
from spikeloom.show import Page, Table
from spikeloom.verdicts import Verdict, executor_verdict, torch_verdict

if TYPE_CHECKING:
    from spikeloom_sim.network import Network
    from torch import nn

    from spikeloom.report.measure import Run
    from spikeloom.report.performance import Performance

Numbers = Any
"""An array, a list or a torch tensor: see :func:`spikeloom.inputs.array_of`."""

Progress = Callable[[str, int, int], None]
"""Called now and then with what is being done, how much of it is done, and how much there is."""


def silent(what: str, done: int, total: int) -> None:
    """Shows nothing."""


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
        state = f"differs: {self.differences[0]}" if self.differences else "equal to the golden model"
        return f"<simulation of {p.images} images, {p.latency.median} cycles each (median), {state}>"

    def _repr_html_(self) -> str:
        return performance_table(self.performance)._repr_html_()


@dataclass(frozen=True, eq=False)
class Accelerator:
    """A compiled network in its folder.

    Attributes
    ----------
    folder: holds plan.json and weights.npz, and whatever later steps write.
    plan: the network, cut into engines.
    """

    folder: Path
    plan: Plan

    @classmethod
    def load(cls, folder: str | Path) -> Accelerator:
        """Raises SpikeLoomError where the folder holds no plan."""
        return cls(Path(folder), planfile.load(folder))

    def words(self, x: Numbers) -> Ints:
        """Input words (N, C, H, W) of real input (N, ...), as the network takes it: an array, a list or a torch tensor.

        Raises SpikeLoomError on any other input.
        """
        return input_words(self.plan.graph, array_of(x, "input"))

    def golden(self, x: Numbers) -> Floats:
        """Real outputs of the integer model, (N, O) or (N, O, H, W)."""
        return golden.dequantize(self.plan.graph, golden.integers(self.plan.graph, self.words(x)))

    def emit(self) -> None:
        """Write Verilog, memories and manifest into the folder."""
        from spikeloom_hw.emit import emit

        emit(self.plan, self.folder)

    def network(self) -> Network:
        """The emitted hardware, ready to be simulated. Raises SpikeLoomError where it is missing or another plan's."""
        from spikeloom_sim.network import Network

        network = Network(self.folder)
        if network.manifest.network_sha256 != planfile.hashes(self.plan).network:
            raise SpikeLoomError(f"{self.folder / 'manifest.json'}: is the hardware of another plan; run 'spikeloom emit' again")
        return network

    def simulate(self, x: Numbers, labels: Numbers | None = None, *, torch: bool = False, progress: Progress = silent) -> Simulation:
        """Run real input through the Verilated hardware, every cycle of it: once image by image, once with the pipeline kept full.

        Both runs are compared with the golden model, and so is torch on the frozen network if wanted and installed. With labels (N,) the
        accuracy and the confusion matrix are part of the result, which is also written into the folder. Raises SpikeLoomError on a wrong
        input.
        """
        from spikeloom.report import measure

        x = array_of(x, "input")
        words = self.words(x)
        truth = checked_labels(labels, self.plan.graph, len(words))
        wanted = torch and not rungs.missing("train", "torch")
        others = {"torch": rungs.torch_words(self.plan.graph, x, partial(progress, "torch"))} if wanted else {}
        progress("golden", 0, 0)
        expected = golden.trace(self.plan.graph, words)
        single, stream = self.runs(words, progress)
        performance, differences = measure.judge(self.plan, expected, others, single, stream, truth)
        performance.save(self.folder)
        values = measure.values(self.plan.graph, single.words)
        return Simulation(golden.dequantize(self.plan.graph, values), values, performance, differences)

    def runs(self, words: Ints, progress: Progress) -> tuple[Run, Run]:
        """Hardware on input words, image by image and with the pipeline kept full; emitted and built if need be."""
        from spikeloom.report.measure import Run

        if not self.emitted:
            progress("emit", 0, 0)
            self.emit()
        network = self.network()
        progress("build", 0, 0)
        network.build()
        single = network.run(words, mode="single", progress=partial(progress, "single"))
        stream = network.run(words, mode="stream", progress=partial(progress, "stream"))
        one, two = (Run(result.words, result.latency, result.interval, result.counters) for result in (single, stream))
        return one, two

    def compare(self, x: Numbers, progress: Progress = silent) -> tuple[Verdict, ...]:
        """All rungs side by side on real input: torch (frozen), the QONNX executor on the file that was compiled, and the hardware.

        Raises SpikeLoomError where that file is damaged or another network's.
        """
        from spikeloom.report.measure import hardware_differences

        graph = self.plan.graph
        x = array_of(x, "input")
        words = self.words(x)
        progress("golden", 0, 0)
        expected = golden.trace(graph, words)
        verdicts = [
            torch_verdict(graph, x, expected, partial(progress, "torch")),
            executor_verdict(graph, self.folder, x, expected, partial(progress, "onnx")),
        ]
        for name, run in zip(("RTL", "RTL, pipeline full"), self.runs(words, progress), strict=True):
            lines = hardware_differences(self.plan, expected, run, name)
            verdicts.append(Verdict(name, "outputs; spikes by layer, plane", len(x), tuple(lines)))
        return tuple(verdicts)

    def waves(self, x: Numbers, path: Path, images: tuple[int, int], progress: Progress = silent) -> str:
        """Write the waves of images first to last (both included); a note for the user, or ""."""
        progress("waves", 0, 0)
        words = self.words(x)[: images[1] + 1]
        return self.network().run(words, waves=path, images=images).note

    @property
    def emitted(self) -> bool:
        """Whether the folder holds hardware of this very plan, by what its manifest says."""
        try:
            known = manifest.load(self.folder).network_sha256
        except SpikeLoomError:
            return False
        return known == planfile.hashes(self.plan).network and (self.folder / "rtl" / "top.v").is_file()

    @cached_property
    def layers(self) -> Table:
        """What every layer computes and how it is folded, with estimated cycles."""
        from spikeloom.report import estimates
        from spikeloom.report.pipeline import code_text, folding_text, kind, map_text, neuron_text

        rows = [
            (
                s.name,
                kind(self.plan, s),
                map_text(s.o_shape),
                neuron_text(s),
                code_text(s.o_code),
                folding_text(s),
                f"{estimates.stage_cycles(self.plan, s):.0f}",
            )
            for s in self.plan.stages
        ]
        heads = ("layer", "kind", "output", "neuron", "words out", "engine", "cycles per image (estimated)")
        return Table(f"{self.plan.graph.name} on {self.plan.board}", heads, tuple(rows))

    def report(self, x: Numbers | None = None) -> Page:
        """Write ``report.html`` from what was estimated and measured so far; ``x`` are inputs for the membrane histograms."""
        from spikeloom.report import page

        return Page(page.write(self.folder, self.plan, self.words(x) if x is not None else None))

    def __repr__(self) -> str:
        return repr(self.layers)

    def _repr_html_(self) -> str:
        return self.layers._repr_html_()


def compile(
    model: nn.Module | str | os.PathLike[str],
    board: str = "pynq-z2",
    calibration: Numbers | None = None,
    *,
    folder: str | Path | None = None,
    target_fps: float | None = None,
    clock_mhz: float | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    progress: Progress = silent,
) -> Accelerator:
    """Turn a model into an accelerator: read it, prove every neuron, fold it for a board, write plan and estimates.

    Arguments
    ---------
    model: a torch module of :mod:`spikeloom.nn` layers, frozen on the way, or the path of a QONNX file.
    calibration: real inputs (N, ...), as the network takes them: an array, a list or a torch tensor. The share of set bits is measured on
        them. Without them one is assumed; a torch module needs them for the shape of its input.
    folder: where the files go; a new temporary folder if None.
    target_fps: frames per second to fold for; a modest size if None. clock_mhz: the board's usual one if None.
    overrides: node -> folding numbers set by hand, see :func:`spikeloom.schedule.schedule`.
    Raises SpikeLoomError naming the file or node, and what to do.
    """
    from spikeloom.original import keep
    from spikeloom.report import estimates
    from spikeloom.schedule import measure_density, schedule

    x = array_of(calibration, "calibration") if calibration is not None else None
    with target_folder(folder) as target:
        graph, path = integer_network(model, x, target, progress)
        if folder is not None:
            graph = replace(graph, name=target.resolve().name.encode("utf-8", "replace").decode())
        density = None
        if x is not None:
            progress("density", 0, 0)
            density = measure_density(graph, input_words(graph, x))
        progress("schedule", 0, 0)
        plan = schedule(graph, board, density, target_fps=target_fps, clock_mhz=clock_mhz, overrides=overrides)
        keep(graph, path, target)
        estimates.write(plan, target)
        planfile.save(plan, target)
        return Accelerator(target, plan)


@contextmanager
def target_folder(folder: str | Path | None) -> Iterator[Path]:
    """The folder; without one a new temporary folder, which vanishes if the block fails."""
    if folder is not None:
        yield Path(folder)
        return
    target = Path(mkdtemp(prefix="spikeloom-"))
    try:
        yield target
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def integer_network(model: object, x: Array | None, folder: Path, progress: Progress) -> tuple[Graph, Path]:
    """The integer network of a QONNX file or a torch module, and its file: the one given, or ``model.onnx`` in ``folder``.

    Raises SpikeLoomError naming the file, or the module's class.
    """
    from spikeloom.read import read

    if isinstance(model, str | os.PathLike):
        progress("read", 0, 0)
        return read(Path(model)), Path(model)
    torch = sys.modules.get("torch")  # who has a module has imported it
    if torch is None or not isinstance(model, torch.nn.Module):
        raise SpikeLoomError(f"compile: expected a torch module or the path of a QONNX file, got {type(model).__name__} {model!r:.60}")
    if x is None:
        raise SpikeLoomError("compile: a torch module needs calibration inputs, batch first, also for the shape of its input")
    name, path = type(model).__name__, folder / "model.onnx"
    try:
        freeze_module(model, tuple(nonempty(x).shape[1:]), folder, progress)
        progress("read", 0, 0)
        return replace(read(path), name=name), path
    except SpikeLoomError as error:
        text = str(error).replace(f"{folder / 'trained.onnx'}", name).replace(f"{path}", name)
        raise type(error)(text) from error


def freeze_module(model: nn.Module, shape: tuple[int, ...], folder: Path, progress: Progress) -> None:
    """Export and freeze a torch module: ``trained.onnx`` and ``model.onnx``. Raises SpikeLoomError naming the user's line, or the node."""
    from spikeloom.blame import blaming
    from spikeloom.exporting import write_trained
    from spikeloom.freezing import freeze

    name = type(model).__name__
    progress("export", 0, 0)
    try:
        with blaming(name):
            write_trained(model, shape, folder / "trained.onnx")
    except SpikeLoomError:
        raise
    except Exception as error:  # whatever torch makes of a module that does not fit
        raise SpikeLoomError(f"{name}: cannot be exported for inputs of shape {shape}: {first_line(error)}") from error
    progress("freeze", 0, 0)
    freeze(folder / "trained.onnx", folder / "model.onnx")


def performance_table(p: Performance) -> Table:
    """Figures per layer of a simulation, per image."""
    rows = []
    for row in p.stream:
        sparsity = " ".join(f"{s:.0%}" for s in row.sparsity)
        spikes, synaptic, busy = (f"{n / p.images:.0f}" for n in (sum(row.spikes), row.synaptic, row.busy))
        rows.append((row.name, row.kind, spikes if row.spikes else "–", sparsity or "–", synaptic, busy, f"{row.busy_share:.1%}"))
    heads = ("layer", "kind", "spikes", "bits not set, by plane", "synaptic operations", "busy cycles", "busy")
    title = f"{p.network}: latency {p.latency.min} / {p.latency.median} / {p.latency.p99} cycles (min / median / p99), simulated, per image"
    return Table(title, heads, tuple(rows))
