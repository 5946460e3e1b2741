"""The commands ``spikeloom compile``, ``spikeloom emit`` and ``spikeloom weights``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spikeloom.cli.console import bars, say, warn
from spikeloom.cli.options import NetworkFolder, OutputFolder
from spikeloom.display import count
from spikeloom.files import existing, load_array, save_arrays


def compile_(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL.onnx", help="QONNX file of supported operators, whoever wrote it"
        ),
    ],
    output: OutputFolder,
    board: Annotated[str, typer.Option(help="a file of bitstreams/boards")] = "pynq-z2",
    target_fps: Annotated[
        float | None, typer.Option(help="frames per second to fold for; a modest size without")
    ] = None,
    max_throughput: Annotated[
        bool, typer.Option("--max-throughput", help="fold for as many frames per second as fit")
    ] = False,
    share: Annotated[
        float | None,
        typer.Option(help="of the LUTs and registers that may be used with either; 0.7 without"),
    ] = None,
    clock_mhz: Annotated[
        float | None, typer.Option(help="clock to assume; the board's usual one without")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="real inputs (.npy) to measure the share of set bits on")
    ] = None,
    folding: Annotated[
        Path | None, typer.Option(help="folding numbers by node (.json) that are set by hand")
    ] = None,
    runtime_weights: Annotated[
        bool, typer.Option("--runtime-weights", help="a retrained network can be loaded")
    ] = False,
    fewer_steps: Annotated[
        bool,
        typer.Option("--fewer-steps", help="fewer time steps can be run, chosen by the driver"),
    ] = False,
) -> None:
    """Read and prove a network, fold it for a board, write the plan and its estimates."""
    from spikeloom.mapping.search.schedule import read_overrides
    from spikeloom.pipeline import compile
    from spikeloom.report import foldings

    x = load_array(calibration, "calibration inputs (.npy)") if calibration else None
    overrides = read_overrides(folding) if folding else None
    existing(model, "a QONNX file")
    with bars() as progress:
        accelerator = compile(
            model,
            board,
            x,
            folder=output,
            target_fps=target_fps,
            max_throughput=max_throughput,
            share=share,
            clock_mhz=clock_mhz,
            overrides=overrides,
            runtime_weights=runtime_weights,
            fewer_steps=fewer_steps,
            progress=progress,
        )
    say(accelerator.layers)
    say(foldings.bottleneck(accelerator.plan, foldings.read(output)))
    for line in accelerator.notes:
        warn(line)
    say(f"share of set bits: {accelerator.plan.density_source}; {output / 'plan.json'}")


def emit(folder: NetworkFolder) -> None:
    """Write Verilog, memories and manifest of a compiled network."""
    from spikeloom.accelerator import Accelerator

    Accelerator.load(folder).emit()
    say(folder / "rtl" / "top.v")


def weights(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.onnx", help="a retrained network of the same shape")
    ],
    on: Annotated[
        Path,
        typer.Option("--on", metavar="DIR", help="folder that was compiled with --runtime-weights"),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="file to write (.npz), for the driver's load_weights"),
    ],
) -> None:
    """Turn another network of the same shape into weights that load at run time, without a new
    bitstream.
    """
    from spikeloom.accelerator import Accelerator

    existing(model, "a QONNX file")
    load = Accelerator.load(on).weights(model)
    save_arrays(output, load.arrays())
    say(f"{output}: {count(len(load.words))} words for {on}")
