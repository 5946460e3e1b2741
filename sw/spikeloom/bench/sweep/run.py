"""A sweep: every point of a grid trained, frozen, compiled and counted; goes on where it was
interrupted.

The folder then holds

    sweep.csv            a row per point, with means over the seeds
    runs.csv             a row per training
    sweep.svg, sweep.png the front as a picture
    points/<settings>/   a whole network folder per training, for ``spikeloom emit`` and the rest
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from spikeloom.bench.shared_arrays import share
from spikeloom.bench.sweep import picture, tables
from spikeloom.bench.sweep.figures import POINTS, Figures, figures
from spikeloom.bench.sweep.grid import Grid
from spikeloom.bench.sweep.jobs import Hardware, Job, jobs
from spikeloom.bench.sweep.summary import Row, Run, rows
from spikeloom.display import Table
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.files import load_array
from spikeloom.frontend.freeze import freeze
from spikeloom.pipeline import compile
from spikeloom.progress import Progress, silent
from spikeloom.train.loop import CHECKPOINT, train
from spikeloom.train.zoo import Recipe, recipe_of
from spikeloom.train.zoo.user import Builder

Shown = Callable[[str], None]
"""Is told in one line what a user should know on the way."""


@dataclass(frozen=True)
class Sweep:
    """All points of a grid. reused: trainings that were there already."""

    network: str
    folder: Path
    rows: tuple[Row, ...]
    runs: tuple[Run, ...]
    reused: int

    @property
    def table(self) -> Table:
        on = sum(row.front for row in self.rows)
        return tables.table(
            f"{self.network}: {len(self.rows)} points, {on} of them on the front", self.rows
        )

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


DEFAULT = Hardware()


def sweep(
    recipe: Recipe | Builder,
    folder: Path,
    grid: Grid,
    hardware: Hardware = DEFAULT,
    *,
    epochs: int | None = None,
    data_dir: Path | None = None,
    anew: bool = False,
    progress: Progress = silent,
    shown: Shown = lambda line: None,
) -> Sweep:
    """Train and judge every point of a grid; what is finished in ``folder`` with the same settings
    is not made again.

    Arguments
    ---------
    recipe, epochs, data_dir: as in :func:`spikeloom.train.loop.train`. anew: forget what was made
        before.
    progress: ``points`` counts the trainings that are still to be made.

    A point that does not fit the board stays in the tables with a note. Raises SpikeLoomError where
        the settings do not fit the network,
    where the first training fails for another reason, and where no point comes to an end.
    """
    recipe = recipe if isinstance(recipe, Recipe) else recipe_of(recipe)
    recipe = replace(recipe, epochs=recipe.epochs if epochs is None else epochs)
    todo = jobs(recipe, folder, grid, hardware, data_dir, progress)
    if anew:
        for job in todo:
            POINTS.forget(job.folder)
            (job.folder / CHECKPOINT).unlink(missing_ok=True)
    known = {job: POINTS.find(job.folder, job.key, shown) for job in todo}
    runs = {job: Run(job, found) for job, found in known.items() if found is not None}
    missing, reused = [job for job in todo if job not in runs], len(runs)
    for k, job in enumerate(missing):
        progress("points", k, len(missing))
        runs[job] = _run(job, hardware, data_dir, progress, first=not runs)
        if runs[job].note:
            shown(f"{job.label}: {runs[job].note}")
        _write(folder, todo, runs)
    progress("points", len(missing), len(missing))
    found = _write(folder, todo, runs)
    if not any(row.figures for row in found):
        raise SpikeLoomError(f"{folder}: no point came to an end; the first: {found[0].notes[0]}")
    picture.write(folder, recipe.name, found)
    return Sweep(recipe.name, folder, found, tuple(runs[job] for job in todo), reused)


def _write(folder: Path, todo: tuple[Job, ...], runs: dict[Job, Run]) -> tuple[Row, ...]:
    """Both tables of what there is so far, in the grid's order."""
    there = [runs[job] for job in todo if job in runs]
    found = rows(there)
    tables.write(folder, found, there)
    return found


def _run(
    job: Job, hardware: Hardware, data_dir: Path | None, progress: Progress, *, first: bool
) -> Run:
    """One training; a failure becomes its note, unless it is the first of all and would come with
    every point.
    """
    try:
        made = make(job, hardware, data_dir, progress)
    except SpikeLoomError as error:
        if first and not isinstance(error, CapacityError):
            raise
        return Run(job, None, " ".join(str(error).split()))
    POINTS.save(job.folder, job.key, made)
    share(job.folder, job.folder.parent.parent / "data")
    return Run(job, made)


def make(job: Job, hardware: Hardware, data_dir: Path | None, progress: Progress) -> Figures:
    """Train, freeze, compile, count. Raises SpikeLoomError where one of them fails."""
    folder = job.folder
    train(
        job.recipe,
        folder,
        seed=job.seed,
        data_dir=data_dir,
        spike_penalty=job.spike_penalty,
        progress=progress,
    )
    progress("freeze", 0, 0)
    freeze(folder / "trained.onnx", folder / "model.onnx")
    accelerator = compile(
        folder / "model.onnx",
        hardware.board,
        load_array(folder / "calibration_x.npy"),
        folder=folder,
        target_fps=hardware.target_fps,
        clock_mhz=hardware.clock_mhz,
        overrides=hardware.overrides,
        progress=progress,
    )
    x, labels, source = (load_array(folder / f"test_{name}.npy") for name in ("x", "y", "source"))
    return figures(accelerator, x, labels, source, hardware.images, progress)
