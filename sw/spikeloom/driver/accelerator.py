"""The accelerator as a user sees it: ``predict`` and its relatives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from spikeloom.driver import buffers, overlay, reload_weights
from spikeloom.driver import measure as measuring
from spikeloom.driver.buffers import Buffers
from spikeloom.driver.errors import BoardError, InputError, JobError
from spikeloom.driver.jobs import Done, Engine, Job
from spikeloom.driver.measurement import Measurement
from spikeloom.driver.power import LEAST_SECONDS
from spikeloom.driver.words import Array, Images, flat, limits, values_of, view_in, view_out
from spikeloom.errors import SpikeLoomError
from spikeloom.ir import boundary
from spikeloom.ir.boundary import Floats
from spikeloom.progress import Progress, silent

BUFFER_BYTES = 16 << 20
"""Larger batches are cut into jobs of at most so many bytes."""

TEST_IMAGES = 1000
"""Random images of a throughput test."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What running images gave: results (N, O, H, W) as ``take`` made them, one entry per job, and
    host seconds per direction.
    """

    results: Array
    jobs: tuple[Done, ...]
    input_seconds: float
    output_seconds: float

    @property
    def cycles(self) -> int:
        return sum(job.cycles for job in self.jobs)


class Accelerator:
    """A network on the fabric.

    Arguments
    ---------
    bit: the bitstream; its ``.hwh`` lies beside it.
    manifest: default ``manifest.json`` beside the bitstream.
    buffer_bytes: larger batches are cut into jobs of at most so many bytes per buffer.
    patience: cycles without progress after which a job hangs; what the network may take and 10 ms
        without.
    Raises SetupError with the command that is missing, MismatchError where bitstream, manifest and
        board do not belong together.
    """

    def __init__(
        self,
        bit: str | Path,
        manifest: str | Path | None = None,
        *,
        buffer_bytes: int = BUFFER_BYTES,
        patience: int | None = None,
    ) -> None:
        path = Path(bit)
        self.loaded = overlay.load(
            path, Path(manifest) if manifest is not None else path.with_name("manifest.json")
        )
        self.manifest = self.loaded.manifest
        self.engine = Engine(self.loaded.port, patience)
        self.buffers = Buffers(self.loaded.pynq, self.loaded.device, self.manifest, buffer_bytes)
        self.lock = RLock()
        self.weights: str | None = "as built"
        self.steps = 0

    @property
    def clock_mhz(self) -> float:
        """Frequency of the fabric's clock."""
        return self.loaded.clock_mhz

    @property
    def source(self) -> str:
        """Where results come from: "board" or "simulated"."""
        return "simulated" if self.loaded.simulated else "board"

    @contextmanager
    def running(self, steps: int | None) -> Iterator[None]:
        """Everything inside runs with so many time steps; None leaves them as they are, all of them
        at first.

        Raises InputError where there are not so many, or the hardware has no choice.
        """
        try:
            chosen = self.manifest.checked_steps(steps)
        except SpikeLoomError as error:
            raise InputError(str(error)) from None
        with self.lock:
            before, self.steps = self.steps, self.steps if steps is None else chosen
            try:
                yield
            finally:
                self.steps = before

    @overload
    def predict(
        self, x: Array, profile: Literal[False] = False, *, steps: int | None = None
    ) -> Floats: ...
    @overload
    def predict(
        self, x: Array, profile: Literal[True], *, steps: int | None = None
    ) -> tuple[Floats, float, float]: ...

    def predict(
        self, x: Array, profile: bool = False, *, steps: int | None = None
    ) -> Floats | tuple[Floats, float, float]:
        """Real outputs (N, O), or (N, O, H, W) for a map, as the golden model computes them.

        ``x``: real input (N, ...) of floats, or the network's own words as integers, which are
        copied once. With ``profile`` also the seconds that the fabric took, data movement included,
        and images per second; both from the fabric's cycles. ``steps``: fewer time steps, where the
        hardware can run them. Raises InputError, or JobError after which the next call works.
        """
        with self.running(steps):
            batch = self.batch(Images(x, self.manifest.input), self.real)
        if not profile:
            return flat(batch.results)
        seconds = batch.cycles / self.clock_mhz / 1e6
        return flat(batch.results), seconds, len(x) / seconds

    def execute(self, x: Array, *, steps: int | None = None) -> npt.NDArray[np.int64]:
        """Integer outputs (N, O), or (N, O, H, W) for a map, without scale and bias; input and
        errors as for :meth:`predict`.
        """
        with self.running(steps):
            return flat(self.batch(Images(x, self.manifest.input), self.integers).results)

    def allocate(self, images: int) -> tuple[Any, Any]:
        """An input and an output buffer of bytes for :meth:`run`, of the caller's own. Raises
        BufferFault if there is no room.
        """
        pynq, device, manifest = self.loaded.pynq, self.loaded.device, self.manifest
        sizes = (buffers.input_bytes(images, manifest), buffers.output_bytes(images, manifest))
        into, out = (buffers.allocate(pynq, device, size, manifest) for size in sizes)
        return into, out

    def view(self, into: Any, images: int) -> Array:
        """The words (images, H, W, C) in an input buffer of the caller's own, to be written in
        place.

        Raises BufferFault where it is too small, and where words of less than 5 bits share a byte:
        those are written by :meth:`write`.
        """
        buffers.check(into, buffers.input_bytes(images, self.manifest), self.manifest, "input")
        return view_in(buffers.memory_of(into), self.manifest.input, images)

    def write(self, into: Any, x: Array) -> int:
        """Images into an input buffer of the caller's own, and to the fabric (``sync_to_device``);
        how many there are.

        ``x``: as for :meth:`predict`. Raises InputError, or BufferFault where they have no room.
        """
        images = Images(x, self.manifest.input)
        buffers.check(into, buffers.input_bytes(len(images), self.manifest), self.manifest, "input")
        images.write(buffers.memory_of(into), 0, len(images))
        into.sync_to_device()
        return len(images)

    def run(self, into: Any, out: Any, images: int, single: bool = False) -> Done:
        """One job from buffer to buffer, nothing copied: words (images, H, W, C) in, 32-bit results
        (images, H, W, O) out.

        Words lie as :meth:`view` shows them, or as :meth:`write` and :func:`spikeloom.driver.pack`
        lay them. The caller has called ``sync_to_device`` on the input, and calls
        ``sync_from_device`` on the output. ``single``: one image in flight at a time. Raises
        BufferFault where a buffer does not fit, JobError where the job does not end well.
        """
        manifest = self.manifest
        if images < 1:
            raise InputError(f"input: expected at least one image, got {images}")
        needed, given = (
            buffers.input_bytes(images, manifest),
            buffers.output_bytes(images, manifest),
        )
        buffers.check(into, needed, manifest, "input")
        buffers.check(out, given, manifest, "output")
        words = (buffers.words_for(needed, manifest), buffers.words_for(given, manifest))
        with self.lock:
            if self.weights is None:
                raise JobError(
                    f"{manifest.name}: the last load of weights did not end well; call load_weights"
                    " again, or open the bitstream anew"
                )
            return self.engine.run(
                Job(into.device_address, out.device_address, images, *words, single, self.steps)
            )

    def batch(
        self,
        images: Images,
        take: Callable[[Array], Array],
        *,
        single: bool = False,
        most: int | None = None,
        after: Callable[[Done], None] | None = None,
    ) -> Batch:
        """Run all images in as many jobs as needed; ``take`` copies results (n, O, H, W) out of the
        buffer, ``after`` sees each job.
        """
        results, jobs, seconds = [], [], [0.0, 0.0]
        with self.lock:
            step = min(
                self.buffers.reserve(min(len(images), most or len(images))), most or len(images)
            )
            for start in range(0, len(images), step):
                stop = min(start + step, len(images))
                begin = time.perf_counter()
                self.fill(images, start, stop)
                seconds[0] += time.perf_counter() - begin
                try:
                    jobs.append(
                        self.run(self.buffers.input, self.buffers.output, stop - start, single)
                    )
                except BoardError as error:
                    error.images_done += start
                    raise
                begin = time.perf_counter()
                self.buffers.output.sync_from_device()
                results.append(take(self.results(stop - start)))
                seconds[1] += time.perf_counter() - begin
                if after is not None:
                    after(jobs[-1])
        return Batch(
            results[0] if len(results) == 1 else np.concatenate(results), tuple(jobs), *seconds
        )

    def fill(self, images: Images, start: int, stop: int) -> None:
        """Write images into the input buffer, and hand it to the fabric."""
        self.put(images, start, stop)
        self.buffers.input.sync_to_device()

    def put(self, images: Images, start: int, stop: int) -> None:
        """Write images into the input buffer, which the fabric does not see yet."""
        images.write(buffers.memory_of(self.buffers.input), start, stop)

    def results(self, images: int) -> Array:
        """The output buffer's first results (images, O, H, W), in place."""
        return view_out(buffers.memory_of(self.buffers.output), self.manifest.output, images)

    def real(self, words: Array) -> Array:
        """Real outputs of output words (n, O, H, W), in new memory."""
        code = self.manifest.output.code
        values = words if code is None else values_of(words, self.manifest.output)
        readout = self.manifest.readout(self.steps)
        return boundary.real(
            np.array(readout.scale, dtype=np.float64),
            np.array(readout.bias, dtype=np.float64),
            values,
        )

    def integers(self, words: Array) -> Array:
        return values_of(words, self.manifest.output)

    def throughput_test(self, x: Array | None = None) -> dict[str, Any]:
        """Throughput with the pipeline kept full, under FINN's names; ``x`` as for :meth:`predict`,
        1000 random images without.

        A sparse network's speed depends on its input: give real images. On a simulated board the
        run time is the fabric's cycles at the plan's clock, and what would be host time is None.
        """
        manifest = self.manifest
        if x is None:
            low, high = limits(manifest.input)
            x = np.random.default_rng(0).integers(
                low, high + 1, (TEST_IMAGES, *manifest.input.shape)
            )
        return measuring.throughput(self, Images(x, manifest.input))

    def measure(
        self,
        x: Array,
        *,
        steps: int | None = None,
        power_seconds: float = LEAST_SECONDS,
        progress: Progress = silent,
    ) -> Measurement:
        """Latency, interval, sparsity, operations, waiting and power on these images; see
        :class:`Measurement`.

        Arguments: x, steps: as for :meth:`predict`. power_seconds: length of each of the two power
        loops, on boards with sensors. Raises MismatchError where two ways of counting do not agree,
        and as :meth:`predict`.
        """
        with self.running(steps):
            return measuring.measure(self, Images(x, self.manifest.input), power_seconds, progress)

    def load_weights(self, path: str | Path) -> None:
        """Put another network of the same shape into the fabric: a file of ``spikeloom weights``,
        for this very hardware.

        From then on inputs are quantized and outputs scaled as that network's. Raises MismatchError
        where the file is for other hardware, before anything is touched; JobError where loading
        failed, after which weights must be loaded before the next prediction.
        """
        built = self.loaded.manifest
        found = reload_weights.read(Path(path), built)
        with self.lock:
            self.weights = None
            reload_weights.fill(self, found)
            self.weights, self.manifest = found.network, reload_weights.described(built, found)

    def free(self) -> None:
        """Give the buffers back; the next call allocates new ones."""
        with self.lock:
            self.buffers.free()

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, *exception: object) -> None:
        self.free()

    def __repr__(self) -> str:
        return (
            f"<{self.manifest.name} on {self.manifest.board}, {self.source}, {self.clock_mhz:g}"
            " MHz>"
        )
