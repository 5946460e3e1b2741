"""The command ``spikeloom bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from spikeloom.files import folder_to_write


def bench(
    rows: Annotated[list[str] | None, typer.Argument(metavar="[NET...]", help="rows to make; all without")] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", parser=folder_to_write, help="folder to write; build/bench without")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="folder with MNIST or CIFAR-10 in their own files")] = None,
    images: Annotated[int, typer.Option(min=4, help="test images that the RTL is simulated on")] = 24,
    sparse: Annotated[bool, typer.Option("--sparse", help="a twin of each row with a spike penalty: a training or more each")] = False,
    parallel: Annotated[bool, typer.Option("--parallel", help="a bit-parallel baseline of each row with as many LUTs")] = False,
    anew: Annotated[bool, typer.Option("--anew", help="compile, simulate and synthesise again what is finished")] = False,
) -> None:
    """Train, fold, simulate and synthesise the networks of published accelerators; one table. Goes on where it stopped."""
    from spikeloom.bench.rows import ROWS, find
    from spikeloom.bench.run import Options, run
    from spikeloom.bench.tables import markdown
    from spikeloom.screen import bars

    folder = output or Path("build/bench")
    console = Console(highlight=False)
    wanted = tuple(find(name) for name in rows) if rows else ROWS
    with bars(console) as progress:
        results = run(
            wanted, folder, Options(data_dir, images, anew, sparse, parallel), progress=progress,
            shown=lambda line: console.print(f"warning: {line}", style="yellow", markup=False, soft_wrap=True),
        )  # fmt: skip
    console.print(markdown(results), markup=False, soft_wrap=True)
    console.print(f"{folder / 'bench.json'}, {folder / 'bench.md'}", markup=False, soft_wrap=True)
