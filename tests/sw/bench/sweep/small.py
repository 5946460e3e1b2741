"""A sweep that takes seconds, and reading what it wrote."""

from __future__ import annotations

import csv
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from spikeloom.bench.sweep import picture
from spikeloom.bench.sweep.figures import Figures
from spikeloom.bench.sweep.grid import Grid
from spikeloom.bench.sweep.jobs import Hardware
from spikeloom.bench.sweep.run import Sweep, sweep
from spikeloom.nn import PerLayer
from spikeloom.train.zoo import find

GRID = Grid((0.0, 2.0), (PerLayer(2),), (PerLayer(2), PerLayer(4, (("fc1", 3),))))
ONE = Grid((2.0,), (PerLayer(2),), (PerLayer(2),))
"""One of its points."""
HARDWARE = Hardware(images=3)


def small(
    folder: Path,
    grid: Grid = GRID,
    hardware: Hardware = HARDWARE,
    *,
    drawn: bool = False,
    **options: Any,
) -> Sweep:
    """digits-mlp, two epochs unless another number is given; the picture, which takes longest, only
    if it is wanted.
    """
    with nullcontext() if drawn else patch.object(picture, "write"):
        return sweep(find("digits-mlp"), folder, grid, hardware, **({"epochs": 2} | options))


def read(folder: Path, name: str = "sweep.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def made_up(**numbers: Any) -> Figures:
    """Figures of a training that never was."""
    same = dict.fromkeys(Figures.__dataclass_fields__, 1) | {
        "images": 100,
        "right": 90,
        "effective": 100,
        "macs": 10,
        "s_ace": 40,
    }
    return Figures(**(same | numbers))
