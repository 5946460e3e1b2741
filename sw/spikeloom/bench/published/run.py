"""All rows of the benchmark, one after the other; what is finished is not made again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from spikeloom.accelerator import Accelerator
from spikeloom.bench.published import parallel, sparse, tables
from spikeloom.bench.published import row as measuring
from spikeloom.bench.published.parallel import BASELINES, Parallel
from spikeloom.bench.published.row import IMAGES, RESULTS, Result, compiled, measure
from spikeloom.bench.published.rows import ROWS, Bench
from spikeloom.bench.published.sparse import TWINS, Sparse
from spikeloom.bench.published.tables import Row
from spikeloom.cache.results import Store, key_of
from spikeloom.errors import SpikeLoomError
from spikeloom.mapping.plan import plan_file
from spikeloom.progress import Progress

Extra = TypeVar("Extra", Sparse, Parallel)


@dataclass(frozen=True)
class Options:
    """data_dir: folder with MNIST or CIFAR-10 instead of the drawn images. images: test images that
    the RTL is simulated on.

    anew: compile, simulate and synthesise again what is finished. sparse, parallel: make the tables
    of twins and of baselines as well; without, they hold what is finished.
    """

    data_dir: Path | None = None
    images: int = IMAGES
    anew: bool = False
    sparse: bool = False
    parallel: bool = False


def run(
    rows: Sequence[Bench],
    folder: Path,
    options: Options | None = None,
    *,
    progress: Progress,
    shown: Callable[[str], None],
) -> list[Row]:
    """Make the rows below ``folder``, and write them to ``bench.json`` and ``bench.md`` there,
    beside others that stand there already.

    Returns what was written. shown: is told in one line which row cannot be made, and why. Raises
    SpikeLoomError where none comes to an end.
    """
    chosen = options or Options()
    measuring.made_with()  # without Yosys no training is begun
    results: list[Row] = []
    written: list[Row] = []
    asked = {bench.name for bench in rows}
    failed: list[str] = []

    def said(error: SpikeLoomError, what: str) -> None:
        failed.append(f"{what}: {error}")
        shown(failed[-1])

    for k, bench in enumerate(rows):
        progress("rows", k, len(rows))
        one = _RowMaker(bench, folder, chosen, progress, said)
        try:
            results.append(one.row())
        except SpikeLoomError as error:
            said(error, bench.name)
        if results:
            others = (
                _RowMaker(other, folder, Options(), progress, said).finished()
                for other in ROWS
                if other.name not in asked
            )
            written = in_order([*results, *filter(None, others)])
            tables.write(folder, written)
    progress("rows", len(rows), len(rows))
    if not results:
        raise SpikeLoomError(f"{folder}: no row came to an end; the first: {failed[0]}")
    return written


def in_order(rows: Sequence[Row]) -> list[Row]:
    """In the order of the benchmark."""
    order = [bench.name for bench in ROWS]
    return sorted(rows, key=lambda row: order.index(row.result.name))


@dataclass(frozen=True)
class _RowMaker:
    """One row. said: is told what of it cannot be made."""

    bench: Bench
    folder: Path
    options: Options
    progress: Progress
    said: Callable[[SpikeLoomError, str], None]

    def row(self) -> Row:
        """Raises SpikeLoomError where there is none; what only its twin or its baseline lacks is
        told.
        """
        made = compiled(
            self.bench, self.folder / self.bench.name, self.options.data_dir, self.progress
        )

        def make() -> Result:
            return measure(self.bench, made, self.options.images, self.progress)

        key = self.key(made)
        return self.beside(made, RESULTS.resume(made.folder, key, make, anew=self.options.anew))

    def finished(self) -> Row | None:
        """A row that an earlier run made, with whatever number of images: None unless it is of this
        Yosys, and of the very Verilog that its plan is emitted as now.
        """
        folder = self.folder / self.bench.name
        if not (folder / RESULTS.file).exists():
            return None
        try:
            made, found = Accelerator.load(folder), RESULTS.load(folder)
            as_made = replace(self, options=Options(images=found.figures.simulated))
            return as_made.beside(made, found.figures) if as_made.key(made) == found.key else None
        except SpikeLoomError:
            return None

    def beside(self, made: Accelerator, result: Result) -> Row:
        """The row with its twin and its baseline."""
        return Row(result, self.sparse(made, result), self.parallel(made, result))

    def key(self, made: Accelerator) -> str:
        """Changes with Verilog, scales of the output, board, clock, Yosys and the images of the
        RTL; and with ``FIGURES``.
        """
        settings = repr(
            (FIGURES, self.bench.name, self.bench.board, self.bench.clock_mhz, self.bench.share)
        )
        known = (made.top_sha256(self.progress), plan_file.hashes(made.plan).weights)
        return key_of(settings, *known, str(self.options.images), measuring.made_with())

    def sparse(self, made: Accelerator, result: Result) -> Sparse | None:
        def make(folder: Path) -> Sparse:
            return sparse.make(
                self.bench,
                made,
                result,
                folder,
                self.options.images,
                self.options.data_dir,
                self.progress,
            )

        key = key_of(self.key(made), f"{self.bench.spike_penalty} {result.accuracy}")
        return self.extra("sparse", TWINS, key, make, wanted=self.options.sparse)

    def parallel(self, made: Accelerator, result: Result) -> Parallel | None:
        def make(folder: Path) -> Parallel:
            return parallel.make(made, result, folder, self.options.images, self.progress)

        key = key_of(self.key(made), f"{result.lut}")
        return self.extra("parallel", BASELINES, key, make, wanted=self.options.parallel)

    def extra(
        self,
        kind: str,
        store: Store[Extra],
        key: str,
        make: Callable[[Path], Extra],
        *,
        wanted: bool,
    ) -> Extra | None:
        """What stands in a folder of its own beside the row's: what is finished, else made if it is
        wanted.
        """
        folder = self.folder / f"{self.bench.name}-{kind}"
        if not wanted:
            return store.find(folder, key)
        try:
            return store.resume(folder, key, lambda: make(folder), anew=self.options.anew)
        except SpikeLoomError as error:
            self.said(error, folder.name)
            return None


FIGURES = 2
"""Counts up whenever a figure comes to mean something else, or comes about in another way."""
