"""The command ``spikeloom bench``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikeloom.cli.console import bars, say, warn
from spikeloom.errors import SpikeLoomError
from spikeloom.files import folder_to_write
from spikeloom.progress import Progress

if TYPE_CHECKING:
    from spikeloom.bench.published.rows import Bench
    from spikeloom.bench.published.run import Options


def bench(
    rows: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NET...]", help="rows to make, twins for SpikePack against LIF; all without"
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            parser=folder_to_write,
            help="folder to write; build/bench without",
        ),
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="folder with MNIST or CIFAR-10 in their own files")
    ] = None,
    images: Annotated[
        int, typer.Option(min=4, help="test images that the RTL is simulated on")
    ] = 24,
    sparse: Annotated[
        bool,
        typer.Option(
            "--sparse", help="a twin of each row with a spike penalty: a training or more each"
        ),
    ] = False,
    parallel: Annotated[
        bool,
        typer.Option("--parallel", help="a bit-parallel baseline of each row with as many LUTs"),
    ] = False,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate", help="cycle model and cost model alone: nothing simulated or synthesised"
        ),
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="compile, simulate and synthesise again what is finished")
    ] = False,
) -> None:
    """Train, fold, simulate and synthesise the networks of published accelerators; one table. Goes
    on where it stopped.
    """
    from spikeloom.bench.published.rows import ROWS, TWINS, find
    from spikeloom.bench.published.run import Options

    if estimate and (sparse or parallel or TWINS in (rows or [])):
        raise SpikeLoomError(
            "--estimate makes no twins and no baselines: expected it without --sparse, --parallel"
            " and the name twins"
        )
    folder, names = output or Path("build/bench"), rows or [*(row.name for row in ROWS), TWINS]
    wanted = tuple(find(name) for name in names if name != TWINS)
    options, written = Options(data_dir, images, anew, sparse, parallel), []
    with bars() as progress:
        if wanted:
            written.append((_estimates if estimate else _rows)(wanted, folder, options, progress))
        if TWINS in names and not estimate:
            written.append(_twins(folder, options, progress))
    for text, files in written:
        say(text)
        say(files)


def _rows(
    wanted: tuple[Bench, ...], folder: Path, options: Options, progress: Progress
) -> tuple[str, str]:
    """The tables of the rows, and the files that hold them."""
    from spikeloom.bench.published.run import run
    from spikeloom.bench.published.tables import markdown

    results = run(wanted, folder, options, progress=progress, shown=warn)
    return markdown(results), f"{folder / 'bench.json'}, {folder / 'bench.md'}"


def _estimates(
    wanted: tuple[Bench, ...], folder: Path, options: Options, progress: Progress
) -> tuple[str, str]:
    """The table of estimates, and the files that hold it."""
    from spikeloom.bench.published.estimated import STEM, markdown, run

    found = run(wanted, folder, options, progress=progress, shown=warn)
    return markdown(found), f"{folder / STEM}.json, {folder / STEM}.md"


def _twins(folder: Path, options: Options, progress: Progress) -> tuple[str, str]:
    """SpikePack against LIF, and the files that hold it."""
    from spikeloom.bench.neurons import tables
    from spikeloom.bench.neurons.spikepack_vs_lif import TwinStudy, run

    twins = TwinStudy(data_dir=options.data_dir, anew=options.anew)
    points = run(twins, folder / "twins", progress, lambda so_far: tables.write(folder, so_far))
    return tables.markdown(points), ", ".join(
        f"{folder / tables.STEM}.{kind}" for kind in ("json", "md", "svg")
    )
