"""A whole network, cycle by cycle, at the speed of compiled code.

network = Network(Path("build/digits-cnn"))
result = network.run(words)          # words: (N, C, H, W) integers
result.values, result.latency, result.counters
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from spikeloom.errors import SpikeLoomError
from spikeloom.interface import manifest as manifests
from spikeloom.interface.deadlock import LOOK, stuck
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.verilog import TOP, checked
from spikeloom.ir.number import Ints
from spikeloom.progress import Progress, silent

from spikeloom_sim.network import compiler, library, toolchain, verilate
from spikeloom_sim.network.beats import pack, unpack_output
from spikeloom_sim.network.library import folder_of

Mode = Literal["single", "stream"]

SLICE = 0.2
"""Seconds between two looks at the outside world: progress, Ctrl-C."""


class SimulationHang(SpikeLoomError):
    """No transfer at either end for longer than the network can take."""


class ProtocolError(SpikeLoomError):
    """The hardware broke the rules of its output stream."""


@dataclass(frozen=True)
class Stalls:
    """Random pauses: at both ends a pause begins with the given chance per cycle and lasts 1 to
    ``burst`` cycles.
    """

    idle: float = 0.0
    stall: float = 0.0
    burst: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        if not (0 <= self.idle <= 0.99 and 0 <= self.stall <= 0.99 and self.burst >= 1):
            raise SpikeLoomError(
                f"stalls: expected chances of 0 to 0.99 and a burst of 1 or more, got {self}"
            )

    @property
    def longest(self) -> int:
        """Cycles of uninterrupted pauses that do not happen by chance (1e-15)."""
        chance = max(self.idle, self.stall)
        return self.burst * math.ceil(35 / -math.log(chance)) if chance else 0


@dataclass(frozen=True, eq=False)
class Result:
    """What a simulation gave.

    Attributes
    ----------
    words: (N, C, H, W) as they left the hardware: integers, or words of a spiking output.
    values: the same as numbers: what :func:`spikeloom.ir.golden.integers` computes.
    first, last: (N,) cycle of an image's first input transfer and of its last output transfer.
    cycles: simulated, from the end of reset to the last transfer. seconds: how long that took.
    counters: name to count, as the hardware has them at the end.
    waves: the file written, or None. note: what the user should know about it, or "".
    """

    words: Ints
    values: Ints
    first: Ints
    last: Ints
    cycles: int
    seconds: float
    counters: Mapping[str, int]
    waves: Path | None = None
    note: str = ""

    @property
    def latency(self) -> Ints:
        """(N,) cycles from the first input beat to the last output value, both counted."""
        return self.last - self.first + 1

    @property
    def interval(self) -> Ints:
        """(N - 1,) cycles from one image's last value to the next one's."""
        return np.diff(self.last)


def waves_for(path: Path) -> tuple[Path, str, str]:
    """File, format and note for a wanted wave file: VCD where FST cannot be built."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in compiler.WAVES:
        raise SpikeLoomError(f"{path}: expected a wave file named .fst or .vcd")
    if kind == "fst" and not toolchain.has_fst():
        return (
            path.with_suffix(".vcd"),
            "vcd",
            "FST needs the headers of lz4 and zlib (liblz4-dev, zlib1g-dev); wrote VCD instead",
        )
    return path, kind, ""


class Network:
    """An emitted network: ``rtl/top.v`` and ``manifest.json`` in a folder. The library is built
    under ``sim/`` in it.

    Arguments: folder; or a folder, a ``manifest``, the ``sources`` of a library and this network's
    ``index`` in it (see :func:`spikeloom_sim.network.batch.join`). optimise: the compiler's level.
    Raises SpikeLoomError where the folder holds no network or the manifest belongs to another one.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        manifest: Manifest | None = None,
        sources: Sequence[verilate.Source] = (),
        index: int = 0,
        optimise: str = "-O2",
    ) -> None:
        self.folder, self.index, self.optimise = Path(folder), index, optimise
        self.manifest = manifest or manifests.load(self.folder)
        self.sources = list(sources) or [verilate.network_source(self.folder / TOP, self.manifest)]
        self.verilog = self.sources[index].files[0]
        if manifest is None and self.verilog.is_file():
            checked(self.folder, self.manifest)

    def build(self, waves: str | None = None) -> Path:
        """The shared library, built if need be; ``waves`` as for
        :func:`spikeloom_sim.network.verilate.library`.
        """
        # Code that dumps waves is large, and run for few images.
        return verilate.library(
            self.folder / "sim", self.sources, waves, "-O0" if waves else self.optimise
        )

    def run(
        self,
        words: Ints,
        mode: Mode = "single",
        stalls: Stalls | None = None,
        waves: Path | str | None = None,
        images: tuple[int, int] | None = None,
        progress: Progress = silent,
        steps: int | None = None,
    ) -> Result:
        """Simulate input words (N, C, H, W) from reset.

        Arguments: mode: "single" offers an image in the cycle after the last output of the one
        before, "stream" always offers. stalls: random pauses at both ends. waves: a .fst or .vcd
        file for the ``images`` first to last (both included; default the first one). progress:
        told a few times a second, under the name of the mode. steps: fewer time steps, where they
        can be chosen. Raises SimulationHang, ProtocolError, or SpikeLoomError for a wrong input.
        """
        stalls = stalls or Stalls()
        path, kind, note = waves_for(Path(waves)) if waves is not None else (None, None, "")
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        beats = pack(words, self.manifest.input)
        if mode not in ("single", "stream"):
            raise SpikeLoomError(f"mode: expected single or stream, got {mode}")
        chosen = self.manifest.checked_steps(steps)
        start, end = images or (0, 0)
        if not 0 <= start <= end < max(1, len(words)):
            raise SpikeLoomError(
                f"images: expected a range within 0 to {len(words) - 1}, got {start} to {end}"
            )
        built = self.build(kind)
        times = np.zeros((2, len(words)), dtype=np.int64)
        values = np.zeros((len(words), self.manifest.output.beats), dtype=np.int64)
        job = library.Job(
            beats=beats.ctypes.data,
            values=values.ctypes.data,
            first=times[0].ctypes.data,
            last=times[1].ctypes.data,
            images=len(words),
            i_beats=beats.shape[1],
            o_beats=values.shape[1],
            beat_bytes=beats.shape[2],
            limit=self.manifest.limit_cycles + 2 * stalls.longest,
            signed_output=self.manifest.output.code is None,
            single=mode == "single",
            seed=stalls.seed,
            idle=int(stalls.idle * 2**32),
            stall=int(stalls.stall * 2**32),
            burst=stalls.burst,
            half_period=round(500_000 / self.manifest.clock_mhz),
            wave_first=start,
            wave_last=end,
            wave_path=os.fsencode(path) if path else None,
            steps=chosen,
            folder=folder_of(self.verilog.parent),
        )
        begin = time.perf_counter()
        with library.Runner(built, self.index, job) as runner:
            cycles = self.finish(runner, len(words), progress, mode)
            seconds = time.perf_counter() - begin
            counters = self.counters(runner)
        if path is not None and not path.is_file():
            raise SpikeLoomError(
                f"{path}: cannot be written; name a wave file in a folder that can"
            )
        words_out = unpack_output(values, self.manifest.output)
        code = self.manifest.output.code
        return Result(
            words_out,
            words_out if code is None else code.value(words_out),
            times[0],
            times[1],
            cycles,
            seconds,
            counters,
            path,
            note,
        )

    def counters(self, runner: library.Runner) -> dict[str, int]:
        return {name: runner.counter(address) for name, address in self.manifest.counters.items()}

    def finish(self, runner: library.Runner, images: int, progress: Progress, what: str) -> int:
        """Run to the end, return the cycles. Raises where the hardware hangs or breaks the
        protocol.
        """
        per_image = self.manifest.output.beats
        status = library.RUNNING if images else library.DONE
        while status == library.RUNNING:
            status = runner.run(SLICE)
            progress(what, runner.progress()[2] // per_image, images)
        cycles, sent, received = runner.progress()
        where = (
            f"{self.manifest.name}: cycle {cycles}, image {received // per_image}, output"
            f" {received % per_image}"
        )
        if status == library.HANG:
            before = self.counters(runner)
            runner.wait(LOOK)
            advice = stuck(self.manifest.stages, before, self.counters(runner))
            raise SimulationHang(
                f"{where}: no transfer for too long, {sent} of {images * self.manifest.input.beats}"
                f" input beats were taken; {advice}"
            )
        # A strided layer may leave work behind the last value, and nothing more may come out.
        runner.wait(self.manifest.limit_cycles)
        status = runner.run(0)
        if status != library.DONE and images:
            what = {
                library.WRONG_LAST: "tlast is not at an image's last value",
                library.UNSTABLE: "output changed while it had to wait",
            }
            raise ProtocolError(
                f"{where}: {what.get(status, 'an output more than the images have')}"
            )
        return cycles
