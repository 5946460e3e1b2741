"""A compiled network in its folder: what the command line calls, and what a notebook shows.

It knows all three houses; hardware and simulation are imported when they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from spikeloom.display import Page, Table
from spikeloom.errors import SpikeLoomError
from spikeloom.interface import manifest
from spikeloom.interface.weight_file import Load
from spikeloom.ir import golden
from spikeloom.ir.arrays import array_of, checked_labels, input_words
from spikeloom.ir.golden import Floats
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.headroom import fitted
from spikeloom.mapping.plan.plan import Plan
from spikeloom.progress import Progress, silent
from spikeloom.report.simulation import Simulation as Simulation
from spikeloom.verify import words as rungs
from spikeloom.verify.verdict import Verdict, executor_verdict, torch_verdict

if TYPE_CHECKING:
    from spikeloom_sim.network.network import Network

    from spikeloom.backend.bitstream.build import Made
    from spikeloom.backend.yosys.synthesis import Synthesis
    from spikeloom.driver import Accelerator as Driver
    from spikeloom.report.curve import Curve
    from spikeloom.verify.hardware import Run

Numbers = Any
"""An array, a list or a torch tensor: see :func:`spikeloom.ir.arrays.array_of`."""


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
        return cls(Path(folder), plan_file.load(folder))

    def words(self, x: Numbers) -> Ints:
        """Input words (N, C, H, W) of real input (N, ...), as the network takes it: an array, a
        list or a torch tensor.

        Raises SpikeLoomError on any other input.
        """
        return input_words(self.plan.graph, array_of(x, "input"))

    def golden(self, x: Numbers, *, steps: int | None = None) -> Floats:
        """Real outputs of the integer model, (N, O) or (N, O, H, W), with fewer time steps if
        wanted. Raises SpikeLoomError.
        """
        graph = self.plan.with_steps(steps).graph
        return golden.dequantize(graph, golden.integers(graph, self.words(x)))

    def emit(self) -> None:
        """Write Verilog, memories and manifest into the folder."""
        from spikeloom_hw.emit import emit

        emit(self.plan, self.folder)

    def emit_if_need_be(self, progress: Progress = silent) -> None:
        """Emit what is not there already, see ``emitted``."""
        if not self.emitted:
            progress("emit", 0, 0)
            self.emit()

    def top_sha256(self, progress: Progress = silent) -> str:
        """Hash of the network's Verilog, as this engine emits it: what figures of the hardware are
        known by.
        """
        self.emit_if_need_be(progress)
        return self.hardware().top_sha256

    def hls(self) -> Path:
        """Write the network as C++ for Vitis HLS; the folder. Raises SpikeLoomError for weights
        that load at run time.
        """
        from spikeloom.backend.hls import project

        return project.write(self.plan, self.folder)

    def weights(self, model: str | Path) -> Load:
        """What the driver's ``load_weights`` takes: another file of the same shape, as it
        runs on this folder's hardware.

        Raises SpikeLoomError naming the node that has no room for its numbers, or that is another
        one.
        """
        from spikeloom_hw.emit import load_words

        from spikeloom.frontend.importers import compile_file

        if not self.plan.rooms:
            raise SpikeLoomError(
                f"{self.folder}: its weights are fixed in hardware; compile it with"
                " --runtime-weights"
            )
        graph = fitted(self.plan.graph, self.plan.rooms, compile_file(model).graph)
        words = load_words(replace(self.plan, graph=graph))
        source, made = graph.input, manifest.load(self.folder)
        return Load(
            made.identity,
            Path(model).stem,
            words,
            graph.scale,
            graph.bias,
            source.scale,
            source.zero_point,
        )

    def hardware(self) -> manifest.Manifest:
        """What describes the emitted hardware. Raises SpikeLoomError where it is missing or another
        plan's.
        """
        made = manifest.load(self.folder)
        if made.network_sha256 != plan_file.hashes(self.plan).network:
            raise SpikeLoomError(
                f"{self.folder / 'manifest.json'}: is the hardware of another plan; run 'spikeloom"
                " emit' again"
            )
        return made

    def network(self) -> Network:
        """The emitted hardware, ready to be simulated. Raises as ``hardware``."""
        from spikeloom_sim.network.network import Network

        self.hardware()
        return Network(self.folder)

    def simulate(
        self,
        x: Numbers,
        labels: Numbers | None = None,
        *,
        steps: int | None = None,
        torch: bool = False,
        progress: Progress = silent,
    ) -> Simulation:
        """Run real input through the Verilated hardware, every cycle of it: once image by image,
        once with the pipeline kept full.

        Both runs are compared with the golden model, and so is torch on the frozen network if
        wanted and installed. With labels (N,) the accuracy and the confusion matrix are part of the
        result, which is also written into the folder. ``steps``: fewer time steps, for hardware
        that can run them. Raises SpikeLoomError on a wrong input, or hardware that always runs all
        time steps.
        """
        from spikeloom.interface import performance
        from spikeloom.mapping.plan.runtime_steps import runnable
        from spikeloom.verify import hardware as measure

        x = array_of(x, "input")
        words = self.words(x)
        plan = runnable(self.plan, steps)
        graph = plan.graph
        truth = checked_labels(labels, graph, len(words))
        others = {}
        if torch and not rungs.missing("train", "torch"):
            from spikeloom.verify.torch_model import torch_words

            others = {"torch": torch_words(graph, x, progress)}
        progress("golden", 0, 0)
        expected = golden.trace(graph, words)
        single, stream = self.runs(words, progress, steps)
        found, differences = measure.judge(plan, expected, others, single, stream, truth)
        found.save(self.folder, performance.file_of(None if plan is self.plan else steps))
        values = measure.values(graph, single.words)
        return Simulation(golden.dequantize(graph, values), values, found, differences)

    def runs(self, words: Ints, progress: Progress, steps: int | None = None) -> tuple[Run, Run]:
        """Hardware on input words, image by image and with the pipeline kept full; emitted and
        built if need be.
        """
        from spikeloom.verify.hardware import Run

        self.emit_if_need_be(progress)
        network = self.network()
        progress("build", 0, 0)
        network.build()
        single = network.run(words, mode="single", steps=steps, progress=progress)
        stream = network.run(words, mode="stream", steps=steps, progress=progress)
        one, two = (
            Run(found.words, found.latency, found.interval, found.counters)
            for found in (single, stream)
        )
        return one, two

    def compare(self, x: Numbers, progress: Progress = silent) -> tuple[Verdict, ...]:
        """All rungs side by side on real input: torch (frozen), the QONNX executor on the file that
        was compiled, and the hardware.

        Raises SpikeLoomError where that file is damaged or another network's.
        """
        from spikeloom.verify.hardware import hardware_differences

        graph, x = self.plan.graph, array_of(x, "input")
        words = self.words(x)
        progress("golden", 0, 0)
        expected = golden.trace(graph, words)
        verdicts = [
            torch_verdict(graph, x, expected, progress),
            executor_verdict(graph, self.folder, x, expected, progress),
        ]
        for name, run in zip(
            ("RTL", "RTL, pipeline full"), self.runs(words, progress), strict=True
        ):
            lines = hardware_differences(self.plan, expected, run, name)
            verdicts.append(Verdict(name, "outputs; spikes by layer, plane", len(x), tuple(lines)))
        return tuple(verdicts)

    def waves(
        self, x: Numbers, path: Path, images: tuple[int, int], progress: Progress = silent
    ) -> str:
        """Write the waves of images first to last (both included); a note for the user, or ""."""
        progress("waves", 0, 0)
        return self.network().run(self.words(x)[: images[1] + 1], waves=path, images=images).note

    @contextmanager
    def board(self, progress: Progress = silent) -> Iterator[Driver]:
        """The driver on the emitted network: on the board if this is one, else on the simulated
        one. Buffers are freed at the end.

        Raises SpikeLoomError where hardware, bitstream or the board's software are missing.
        """
        from spikeloom.backend import deploy
        from spikeloom.driver import Accelerator as Driver
        from spikeloom.driver import environment

        if environment.on_board():  # its bitstream counts, whichever engine it was made with
            with Driver(deploy.existing_bit(self.folder, self.hardware())) as driver:
                yield driver
            return
        from spikeloom_sim.board import SimulatedBoard

        self.emit_if_need_be(progress)
        progress("build", 0, 0)
        with SimulatedBoard(self.folder) as board, Driver(board.bitstream) as driver:
            yield driver

    def clocked(self, clock_mhz: float) -> Accelerator:
        """The same network for another clock, planned and emitted in a folder of its own below this
        one, ``at-<F>-MHz``.

        Raises SpikeLoomError for a clock that the board cannot have.
        """
        from spikeloom.interface.boards import find_board, find_clock
        from spikeloom.report import estimates

        clock = find_clock(find_board(self.plan.board), clock_mhz)
        if clock == self.plan.clock_mhz:
            return self
        made = Accelerator(self.folder / f"at-{clock:g}-MHz", replace(self.plan, clock_mhz=clock))
        estimates.write(made.plan, made.folder)
        plan_file.save(made.plan, made.folder)
        made.emit_if_need_be()
        return made

    def bitstream(
        self,
        flow: str = "vivado",
        *,
        clock_mhz: float | Literal["auto"] | None = None,
        ooc: bool = False,
        progress: Progress = silent,
        shown: Callable[[str], None] = lambda _: None,
    ) -> Made:
        """Build the bitstream with the tools on PATH, or write the complete folder for them where
        they are missing.

        Arguments: flow: "vivado", or "open" for a PYNQ-Z2. clock_mhz: another than the plan's;
        "auto" searches the fastest one that passes. ooc: only synthesise, out of context. shown: is
        told in one line what a user should know on the way. Raises SpikeLoomError where the network
        does not fit, the clock is not met, or a tool fails.
        """
        from spikeloom.backend.bitstream.build import make

        self.emit_if_need_be(progress)
        self.check_wrappers()
        return make(self, flow, clock=clock_mhz, ooc=ooc, progress=progress, shown=shown)

    def check_wrappers(self) -> None:
        """Raises SpikeLoomError where the Verilog around the network was changed: the manifest has
        only the network's own hash.
        """
        from spikeloom_hw.emit import wrappers

        for name, text in wrappers(manifest.load(self.folder)).items():
            path = self.folder / "rtl" / name
            if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
                raise SpikeLoomError(
                    f"{path}: expected it as it was emitted, found it changed or gone; run"
                    " 'spikeloom emit' again"
                )

    @property
    def emitted(self) -> bool:
        """Whether the folder holds hardware of this very plan, written by this very engine."""
        from spikeloom_hw.fingerprint import current

        try:
            return current(self.folder, self.hardware().top_sha256)
        except SpikeLoomError:
            return False

    @cached_property
    def layers(self) -> Table:
        """What every layer computes and how it is folded, with estimated cycles."""
        from spikeloom.report import layers

        return layers.planned(self.plan)

    def synth(self, board: str | None = None, progress: Progress = silent) -> Synthesis:
        """Resources and logic delay by component, from Yosys on the Verilog, emitted first if need
        be. ``board``: the plan's if None.

        Raises SpikeLoomError where Yosys is not installed or ends with an error.
        """
        from spikeloom.backend.yosys.resources import resources

        self.emit_if_need_be(progress)
        return resources(self.folder, board, progress)

    def curve(
        self,
        x: Numbers,
        labels: Numbers | None = None,
        *,
        images: int | None = None,
        progress: Progress = silent,
    ) -> Curve:
        """Accuracy and latency over the number of time steps, from golden model and cycle model;
        also written into the folder.

        ``images``: so many go through the cycle model; 16 if None. Goes on where it was
        interrupted. Raises SpikeLoomError on a wrong input, or naming a layer that cannot do with
        fewer time steps.
        """
        from spikeloom.report import curve

        words, timed = self.words(x), curve.TIMED if images is None else images
        truth = checked_labels(labels, self.plan.graph, len(words))
        return curve.measure(self.folder, self.plan, words, truth, timed, progress)

    def report(self, x: Numbers | None = None) -> Page:
        """Write ``report.html`` from what was estimated and measured so far; ``x`` are inputs for
        the membrane histograms.
        """
        from spikeloom.report import page

        return Page(page.write(self.folder, self.plan, self.words(x) if x is not None else None))

    @property
    def notes(self) -> tuple[str, ...]:
        """What compiling warns of, one line each that names its node."""
        return self.plan.graph.notes

    def __repr__(self) -> str:
        return "\n".join([repr(self.layers), *(f"warning: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        return self.layers._repr_html_() + "".join(
            f"<p>warning: {escape(note)}</p>" for note in self.notes
        )
