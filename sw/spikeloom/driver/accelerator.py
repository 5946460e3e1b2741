"""The accelerator as a user sees it: ``predict`` and its relatives."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from spikeloom.driver import buffers, reload_weights
from spikeloom.driver import measure as measuring
from spikeloom.driver.measurement import Measurement
from spikeloom.driver.power import LEAST_SECONDS
from spikeloom.driver.session import Session
from spikeloom.driver.words import Array, Images, flat, limits, view_in
from spikeloom.ir.boundary import Floats
from spikeloom.progress import Progress, silent

TEST_IMAGES = 1000
"""Random images of a throughput test."""


class Accelerator(Session):
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

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, *exception: object) -> None:
        self.free()

    def __repr__(self) -> str:
        return (
            f"<{self.manifest.name} on {self.manifest.board}, {self.source}, {self.clock_mhz:g}"
            " MHz>"
        )
