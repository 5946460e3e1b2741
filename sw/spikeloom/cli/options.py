"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikeloom.files import file_to_write, folder_to_write

NetworkFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="folder of the network, e.g. build/digits-cnn")
]
OutputFolder = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="DIR",
        parser=folder_to_write,
        help="folder to write, e.g. build/NET",
    ),
]
InputFile = Annotated[
    Path | None,
    typer.Option("--input", help="real input (.npy), batch first; default DIR/test_x.npy"),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output", metavar="FILE", parser=file_to_write, help="real output (.npy) to write"
    ),
]
LabelFile = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="class numbers (.npy) of the input; default DIR/test_y.npy for the test set",
    ),
]
TimeSteps = Annotated[
    int | None, typer.Option("--steps", metavar="N", help="run with fewer time steps; default all")
]
