"""Measure a compiled network with the board's driver, and compare what it counted with the golden
model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spikeloom.accelerator import Accelerator
from spikeloom.backend.deploy import spikes
from spikeloom.driver import Measurement, environment
from spikeloom.driver.measurement import FILE
from spikeloom.driver.selftest import spike_difference
from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array
from spikeloom.interface import manifest as manifests
from spikeloom.ir import golden
from spikeloom.mapping.plan.runtime_steps import runnable
from spikeloom.progress import Progress


@dataclass(frozen=True)
class Result:
    """A measurement, and where its spikes are not the golden model's, a line each."""

    measurement: Measurement
    differences: tuple[str, ...]


def device_line() -> str:
    """A line for the user: what is going to be measured."""
    if environment.on_board():
        return "Measuring on this board."
    return (
        "No PYNQ board here: measuring on the simulated one, the Verilated RTL behind pynq's own"
        " classes."
    )


def measure(
    accelerator: Accelerator, x: Array, progress: Progress, steps: int | None = None
) -> Result:
    """Measure on real inputs (N, ...), with fewer time steps if wanted.

    Raises SpikeLoomError on a wrong input, where hardware or bitstream are missing, or where the
    hardware always runs all time steps.
    """
    plan, words = runnable(accelerator.plan, steps), accelerator.words(x)
    with accelerator.board(progress) as driver:
        measurement = driver.measure(
            x, steps=steps if accelerator.plan.fewer_steps else None, progress=progress
        )
    progress("golden", 0, 0)
    line = spike_difference(
        spikes(plan, measurement.streams, golden.trace(plan.graph, words)), measurement
    )
    return Result(measurement, () if line is None else (line,))


def read(folder: Path, path: Path) -> Result:
    """A measurement that was taken elsewhere. Raises SpikeLoomError unless the file is one, and of
    this folder's network.
    """
    measurement, manifest = Measurement.load(path), manifests.load(folder)
    known = {
        manifest.identity,
        *(manifests.load(path.parent).identity for path in folder.glob("at-*-MHz/manifest.json")),
    }
    if measurement.identity not in known:
        raise SpikeLoomError(
            f"{path}: expected a measurement of {folder}, found one of another network or plan"
            f" ({measurement.network})"
        )
    return Result(measurement, ())


def write(folder: Path, measurement: Measurement) -> Path:
    """Write measure.json and measure.html; the page's path."""
    from spikeloom.report import measured

    measurement.save(folder / FILE)
    measured.write(measurement, folder / measured.PAGE)
    return folder / measured.PAGE
