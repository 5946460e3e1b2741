"""A network on the fabric with its buffers: jobs, batches of images, results as numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

from spikeloom.driver import buffers, overlay
from spikeloom.driver.buffers import Buffers
from spikeloom.driver.errors import BoardError, InputError, JobError
from spikeloom.driver.jobs import Done, Engine, Job
from spikeloom.driver.words import Array, Images, values_of, view_out
from spikeloom.errors import SpikeLoomError
from spikeloom.ir import boundary

BUFFER_BYTES = 16 << 20
"""Larger batches are cut into jobs of at most so many bytes."""


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


class Session:
    """An open bitstream. Arguments and errors as of :class:`spikeloom.driver.Accelerator`."""

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

    def free(self) -> None:
        """Give the buffers back; the next call allocates new ones."""
        with self.lock:
            self.buffers.free()
