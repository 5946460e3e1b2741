"""The self-test of a deployed folder: outputs bit for bit, spikes layer by layer, then the
measurement.

It runs on a board, and on a simulated one, as it is. Exit status 0: all equal; 1: something
differs; 2: it could not run.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from spikeloom.driver.accelerator import Accelerator
from spikeloom.driver.measurement import FILE, Measurement
from spikeloom.driver.words import Array
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_array, load_json

EXPECTED = "expected.json"
"""What the folder's network should answer, and how often each plane should spike."""

STEPS = {
    "single": "one image at a time ...",
    "stream": "pipeline kept full ...",
    "alone": "jobs of one image ...",
    "power": "power, idle and active: 20 seconds ...",
}

X, Y = "sample_x.npy", "sample_y.npy"
"""Real inputs, and the outputs that belong to them."""


def output_difference(expected: Array, found: Array) -> str | None:
    """The first output that is not the expected one, bit for bit; None where all are."""
    if expected.shape != found.shape:
        return f"outputs: expected shape {expected.shape}, found {found.shape}"
    unequal = np.argwhere(expected != found)
    if not len(unequal):
        return None
    image, *place = (int(k) for k in unequal[0])
    where = tuple(unequal[0])
    return (
        f"outputs differ first at image {image}, output {place}: expected {expected[where]}, found"
        f" {found[where]}"
    )


def spike_difference(expected: list[dict[str, Any]], measured: Measurement) -> str | None:
    """The first layer, in the order of the network, whose spikes were not counted as expected; None
    where all were.
    """
    found = {stream.name: stream for stream in measured.streams}
    for row in expected:
        stream = found[row["name"]]
        for t, (a, b) in enumerate(zip(row["spikes"], stream.spikes, strict=True)):
            if a != b:
                return (
                    f"spikes differ first at layer {row['name']}, plane {t + 1}: expected {a},"
                    f" counted {b}"
                )
        if row["nonzero"] != stream.nonzero:
            return (
                f"words other than zero differ first at layer {row['name']}: expected"
                f" {row['nonzero']}, counted {stream.nonzero}"
            )
        if stream.crc is not None and row.get("crc") != stream.crc:
            return (
                f"words differ first at layer {row['name']}, though as many spikes: CRC expected"
                f" {row.get('crc')}, found {stream.crc}"
            )
    return None


class Steps:
    """Says once what is being measured: the power loops take a while."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self.seen:
            self.seen.add(what)
            print(STEPS.get(what, what), flush=True)


def judge(folder: Path, expected: dict[str, Any]) -> tuple[list[str], Measurement]:
    """What differs, a line each, and the measurement. Raises SpikeLoomError where the accelerator
    does not run.
    """
    x, y = load_array(folder / X, "sample inputs"), load_array(folder / Y, "their outputs")
    with Accelerator(folder / f"{expected['network']}.bit") as accelerator:
        found = accelerator.predict(x)
        measured = accelerator.measure(x, progress=Steps())
    lines = (output_difference(y, found), spike_difference(expected["streams"], measured))
    return [line for line in lines if line is not None], measured


def main(folder: Path) -> int:
    """Test a deployed folder, print what was found, write measure.json beside it; the exit
    status.
    """
    try:
        expected = load_json(folder / EXPECTED, "a folder of 'spikeloom deploy'")
        bit = folder / f"{expected['network']}.bit"
        if not bit.exists():
            return say(f"the bitstream is still missing: {bit.name}; {expected['make_bit']}", 2)
        differences, measured = judge(folder, expected)
        measured.save(folder / FILE)
    except SpikeLoomError as error:
        return say(str(error), 2)
    except KeyboardInterrupt:
        return say("interrupted", 130)
    print(f"\n{measured!r}\n\n{folder / FILE}")
    if differences:
        return say("; ".join(differences), 1)
    print(f"passed: {expected['images']} images, every output and every spike count as expected")
    return 0


def say(line: str, status: int) -> int:
    """One line on standard error; the exit status."""
    print(f"selftest: {' '.join(line.split())}", file=sys.stderr)
    return status
