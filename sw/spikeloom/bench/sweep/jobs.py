"""One training of a sweep: which network, which settings, in which folder, and whether it is done
already.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spikeloom.bench.sweep.grid import Grid, Point
from spikeloom.cache.results import key_of
from spikeloom.errors import about, blaming
from spikeloom.mapping.search import schedule
from spikeloom.nn.configure import configure, described, neurons, weighted
from spikeloom.progress import Progress, silent
from spikeloom.train import data
from spikeloom.train.data import Dataset
from spikeloom.train.loop import check_fit, fingerprint, keeping_random_state
from spikeloom.train.zoo import Recipe
from spikeloom.train.zoo.user import Builder

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Hardware:
    """What every point is compiled for, as :func:`spikeloom.pipeline.compile` takes it;
    ``images`` go through the cycle model.
    """

    board: str = "pynq-z2"
    target_fps: float | None = None
    clock_mhz: float | None = None
    overrides: Mapping[str, Mapping[str, Any]] | None = None
    images: int = 16

    def check(self) -> None:
        """Raises SpikeLoomError on a board that is not known, or a clock or target out of range."""
        schedule.checked(self.board, self.clock_mhz, schedule.Goal(self.target_fps))


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes
    ----------
    recipe: builds the network with the point's settings. steps, weight_bits: what it is built with,
        as text.
    folder: of this training alone. key: changes with whatever changes the result.
    """

    recipe: Recipe
    spike_penalty: float
    steps: str
    weight_bits: str
    seed: int
    folder: Path
    key: str

    @property
    def label(self) -> str:
        return (
            f"penalty {self.spike_penalty:g}, T {self.steps}, weight bits {self.weight_bits}, seed"
            f" {self.seed}"
        )


def build(builder: Builder, point: Point) -> nn.Module:
    """The network of a recipe with the settings of a point."""
    model: nn.Module = builder()
    return configure(model, steps=point.steps, weight_bits=point.weight_bits)


def jobs(
    recipe: Recipe,
    folder: Path,
    grid: Grid,
    hardware: Hardware,
    data_dir: Path | None,
    progress: Progress = silent,
) -> tuple[Job, ...]:
    """All trainings of a grid, points that come to the same network once. Builds and runs every
    network once, on one batch.

    Raises SpikeLoomError where board or clock are unknown, a layer is not there, or network and
    data do not fit.
    """
    hardware.check()
    dataset = data.load(recipe.dataset, data_dir)
    found: dict[Path, Job] = {}
    known: dict[Point, nn.Module] = {}
    points = grid.points()
    for k, point in enumerate(points):
        progress("check", k, len(points))
        made = replace(recipe, build=partial(build, recipe.build, point))
        alike = replace(point, spike_penalty=0.0)
        model = known[alike] = known.get(alike) or checked(made, dataset)
        for seed in range(grid.seeds):
            trained = fingerprint(made, model, dataset, seed, point.spike_penalty)
            job = _job(made, point, model, seed, folder, _key(trained, hardware))
            found.setdefault(job.folder, job)
    progress("check", len(points), len(points))
    return tuple(found.values())


def checked(recipe: Recipe, dataset: Dataset) -> nn.Module:
    """The network, run once; torch's random state stays as it was."""
    with keeping_random_state(), blaming(recipe.name):
        model = recipe.build()
        with about("T {}, weight bits {}".format(*settings(model))):
            check_fit(recipe, model, dataset)
    return model


def settings(model: nn.Module) -> tuple[str, str]:
    """Time steps and weight widths of a network as text."""
    steps = {name: neuron.steps for name, neuron in neurons(model).items()}
    return described(steps), described(
        {name: layer.weight_bits for name, layer in weighted(model).items()}
    )


def _job(recipe: Recipe, point: Point, model: nn.Module, seed: int, folder: Path, key: str) -> Job:
    steps, bits = settings(model)
    name = folder_name(f"penalty-{point.spike_penalty!r}-steps-{steps}-bits-{bits}-seed-{seed}")
    return Job(recipe, point.spike_penalty, steps, bits, seed, folder / "points" / name, key)


LONGEST = 100
"""Characters of a folder's name; file systems take 255 bytes."""


def folder_name(text: str) -> str:
    """A name that every file system takes; texts that differ have names that differ."""
    plain = re.sub(r"[^A-Za-z0-9.=-]", "_", text)
    if plain.replace("_", " ") == text and len(plain) <= LONGEST:
        return plain
    return f"{plain[:LONGEST]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _key(training: str, hardware: Hardware) -> str:
    return key_of(training, json.dumps(asdict(hardware), sort_keys=True, default=str))
