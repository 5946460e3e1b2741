"""The command line: every command is one box of the drawing, reads files of a folder and writes
files there.

It only calls Python. Bad input ends in one line and exit status 2, Ctrl-C in one line and 130, a
rung that differs from the golden model in exit status 1.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from typer.exceptions import TyperException

from spikeloom.cli.bench import bench
from spikeloom.cli.bitstream import bitstream
from spikeloom.cli.hls import hls
from spikeloom.cli.images import image_count, images_of, wave_images
from spikeloom.cli.options import Folder, Given, Labels, Steps, Target, Wanted
from spikeloom.cli.steps import steps
from spikeloom.cli.sweep import sweep
from spikeloom.errors import SpikeLoomError
from spikeloom.files import (
    existing,
    file_to_write,
    first_line,
    load_array,
    load_json,
    save_array,
    save_arrays,
)

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Quantized spiking networks from PyTorch to FPGA.",
)
console = Console(highlight=False)


def wave_file(text: str) -> Path:
    """The wave file of that name. Raises SpikeLoomError for one that cannot be written."""
    from spikeloom_sim.network.network import waves_for

    waves_for(Path(text))
    return file_to_write(text)


def warn(notes: Iterable[str]) -> None:
    """One line for each thing that a user should know."""
    for note in notes:
        console.print(f"warning: {note}", style="yellow", markup=False, soft_wrap=True)


@app.command()
def train(
    net: Annotated[
        str,
        typer.Argument(
            metavar="NET", help="a network of SpikeLoom, or file.py:function that returns one"
        ),
    ],
    output: Target,
    data_dir: Annotated[
        Path | None, typer.Option(help="folder with MNIST or CIFAR-10 in their own files")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="passes over the training data")] = None,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="the same seed gives the same weights")
    ] = 0,
    spike_penalty: Annotated[
        float,
        typer.Option(
            min=0,
            help="weight of the mean number of set bits in the loss; fewer spikes are fewer cycles",
        ),
    ] = 0.0,
    anew: Annotated[bool, typer.Option("--anew", help="do not resume")] = False,
) -> None:
    """Train a network with quantized weights; resumes where it was interrupted."""
    from spikeloom.cli.console import bars
    from spikeloom.train import loop as training
    from spikeloom.train.zoo import find

    made = find(net).on(data_dir)
    with bars(console) as progress:
        trained = training.train(
            made,
            output,
            epochs=epochs,
            seed=seed,
            data_dir=data_dir,
            spike_penalty=spike_penalty,
            resume=not anew,
            progress=progress,
        )
    console.print(
        f"{made.name}: {made.dataset}, test accuracy in float {100 * trained.accuracy:.2f} %;"
        f" {output / 'trained.onnx'}",
        markup=False,
    )


app.command()(sweep)
app.command()(bench)
app.command()(steps)


@app.command("compile")
def compile_(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL.onnx", help="QONNX file of supported operators, whoever wrote it"
        ),
    ],
    output: Target,
    board: Annotated[str, typer.Option(help="pynq-z2 or zcu104")] = "pynq-z2",
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
    from spikeloom.cli.console import bars
    from spikeloom.mapping.search.schedule import read_overrides
    from spikeloom.pipeline import compile
    from spikeloom.report import foldings

    x = load_array(calibration, "calibration inputs (.npy)") if calibration else None
    overrides = read_overrides(folding) if folding else None
    existing(model, "a QONNX file")
    with bars(console) as progress:
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
    console.print(f"{accelerator.layers}", markup=False, soft_wrap=True)
    console.print(
        foldings.line(accelerator.plan, foldings.read(output)), markup=False, soft_wrap=True
    )
    warn(accelerator.notes)
    console.print(
        f"share of set bits: {accelerator.plan.density_source}; {output / 'plan.json'}",
        markup=False,
        soft_wrap=True,
    )


@app.command()
def emit(folder: Folder) -> None:
    """Write Verilog, memories and manifest of a compiled network."""
    from spikeloom.accelerator import Accelerator

    Accelerator.load(folder).emit()
    console.print(f"{folder / 'rtl' / 'top.v'}", markup=False, soft_wrap=True)


@app.command()
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
    console.print(f"{output}: {len(load.words)} words for {on}", markup=False, soft_wrap=True)


@app.command()
def export(folder: Folder) -> None:
    """Freeze trained.onnx into model.onnx, the integer network that is the reference of every later
    step.
    """
    from spikeloom.frontend.freeze import freeze
    from spikeloom.interface.performance import accuracy
    from spikeloom.ir import golden as model
    from spikeloom.ir.arrays import checked_labels

    frozen = freeze(
        existing(folder / "trained.onnx", "a trained network of 'spikeloom train'"),
        folder / "model.onnx",
    )
    proven = sum(proof.method not in ("exact", "frozen") for proof in frozen.proofs)
    spiking = sum(proof.method == "frozen" for proof in frozen.proofs)
    claims = [f"{proven} with neurons proven at {frozen.steps} steps"] * bool(proven)
    claims += [f"{spiking} with IF or LIF neurons, whose integers are their definition"] * bool(
        spiking
    )
    console.print(
        f"{folder / 'model.onnx'}: {len(frozen.proofs)} layers, {', '.join(claims)}",
        markup=False,
        soft_wrap=True,
    )
    warn(frozen.graph.notes)
    if (folder / "test_x.npy").exists() and (folder / "test_y.npy").exists():
        x, y = images_of(folder, None, None)
        truth = checked_labels(y, frozen.graph, len(x))
        after = accuracy(model.run(frozen.graph, x), truth) if truth is not None else 0.0
        settings = (
            load_json(folder / "train.json", "the record of 'spikeloom train'")
            if (folder / "train.json").exists()
            else {}
        )
        before = settings.get("accuracy")
        cost = (
            f"; float {100 * before:.2f} %, freezing cost {100 * (before - after):.2f} points"
            if isinstance(before, float)
            else ""
        )
        console.print(
            f"accuracy frozen {100 * after:.2f} % on {len(x)} test images{cost}", soft_wrap=True
        )


@app.command()
def golden(
    folder: Folder,
    input: Given = None,
    output: Wanted = None,
    labels: Labels = None,
    steps: Steps = None,
) -> None:
    """Run the integer model."""
    from spikeloom.accelerator import Accelerator
    from spikeloom.interface.performance import accuracy
    from spikeloom.ir.arrays import checked_labels

    accelerator = Accelerator.load(folder)
    x, y = images_of(folder, input, labels)
    truth = checked_labels(y, accelerator.plan.graph, len(x))
    outputs = accelerator.golden(x, steps=steps)
    if output is not None:
        save_array(output, outputs)
    console.print(
        f"{len(outputs)} images"
        + (f", accuracy {100 * accuracy(outputs, truth):.2f} %" if truth is not None else "")
    )


@app.command()
def compare(
    folder: Folder,
    input: Given = None,
    images: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=(
                "take so many images from the beginning; default 32 of the test set, all of --input"
            ),
        ),
    ] = None,
) -> int:
    """Run all rungs side by side; name the first layer, channel, position and plane that differ."""
    from spikeloom.accelerator import Accelerator
    from spikeloom.cli.console import bars, verdicts

    accelerator = Accelerator.load(folder)
    x, _ = images_of(folder, input, None)
    with bars(console) as progress:
        found = accelerator.compare(
            x[: image_count(images, len(x), 32 if input is None else len(x))], progress
        )
    verdicts(console, found)
    return 1 if any(verdict.differences for verdict in found) else 0


@app.command()
def sim(
    folder: Folder,
    input: Given = None,
    output: Wanted = None,
    labels: Labels = None,
    steps: Steps = None,
    waves: Annotated[
        Path | None,
        typer.Option(metavar="FILE", parser=wave_file, help="wave file to write, .fst or .vcd"),
    ] = None,
    images: Annotated[
        str | None,
        typer.Option(help="images in the wave file, by number from 0: 3 or 3-5; default 0"),
    ] = None,
) -> int:
    """Run the Verilated hardware, every cycle of it, and compare every output with torch and the
    golden model.
    """
    from spikeloom.accelerator import Accelerator
    from spikeloom.cli.console import bars, closing
    from spikeloom.verify.words import missing

    accelerator = Accelerator.load(folder)
    x, y = images_of(folder, input, labels)
    chosen = wave_images(waves, images, len(x))
    with bars(console) as progress:
        run = accelerator.simulate(x, y, steps=steps, torch=True, progress=progress)
        if accelerator.plan.fewer_steps:
            accelerator.curve(x, y, progress=progress)
        note = accelerator.waves(x, waves, chosen, progress) if waves is not None else ""
    if output is not None:
        save_array(output, run.outputs)
    absent = missing("train", "torch")
    page = accelerator.report(x[:HISTOGRAM_IMAGES])
    closing(console, run.performance, page.path)
    for line in filter(None, (note, absent and f"torch: not run: {absent}")):
        console.print(line, markup=False, soft_wrap=True)
    for line in run.differences:
        console.print(line, style="bold red", markup=False, soft_wrap=True)
    return 1 if run.differences else 0


HISTOGRAM_IMAGES = 100


@app.command()
def report(folder: Folder) -> None:
    """Write report.html from what has been estimated and measured so far."""
    from spikeloom.accelerator import Accelerator

    accelerator = Accelerator.load(folder)
    x = folder / "test_x.npy"
    console.print(
        f"{accelerator.report(load_array(x)[:HISTOGRAM_IMAGES] if x.exists() else None)}",
        markup=False,
        soft_wrap=True,
    )


@app.command()
def synth(
    folder: Folder,
    board: Annotated[
        str | None, typer.Option(help="pynq-z2 or zcu104; the board that was compiled for without")
    ] = None,
) -> None:
    """Synthesise with Yosys: what every component takes of the board, how deep its logic is, and
    whether all of it fits.
    """
    from spikeloom.backend.yosys import resources, synthesis
    from spikeloom.cli import measured_screen
    from spikeloom.cli.console import bars

    with bars(console) as progress:
        found = resources.resources(folder, board, progress)
    measured_screen.show(console, synthesis.tables(found))
    for line in synthesis.lines(found):
        console.print(line, markup=False, soft_wrap=True)
    warn(synthesis.warnings(found))
    console.print(f"{folder / resources.FILE}", markup=False, soft_wrap=True)


@app.command()
def measure(
    folder: Folder,
    input: Given = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="take so many images from the beginning; default all")
    ] = None,
    steps: Steps = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="show this measure.json, e.g. of a board, and measure nothing"),
    ] = None,
) -> int:
    """Latency, sparsity and operations of the board's driver: on the board where there is one, else
    on the simulated board.
    """
    from spikeloom.accelerator import Accelerator
    from spikeloom.cli import measure as measured
    from spikeloom.cli.console import bars
    from spikeloom.cli.measured_screen import closing

    if source is not None:
        result = measured.read(folder, source)
    else:
        accelerator = Accelerator.load(folder)
        x, _ = images_of(folder, input, None)
        console.print(measured.where(), soft_wrap=True)
        with bars(console) as progress:
            result = measured.measure(accelerator, x[:images], progress, steps)
    page = measured.write(folder, result.measurement)
    closing(console, result.measurement, page)
    for line in result.differences:
        console.print(line, style="bold red", markup=False, soft_wrap=True)
    return 1 if result.differences else 0


@app.command()
def deploy(
    folder: Folder,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="folder to write; default DIR/deploy")
    ] = None,
    input: Given = None,
) -> None:
    """Make a folder that tests and measures the network on a board with one command."""
    from spikeloom.accelerator import Accelerator
    from spikeloom.backend import deploy as deploying

    accelerator = Accelerator.load(folder)
    x, _ = images_of(folder, input, None)
    if not deploying.built(
        folder, accelerator.plan
    ):  # a bitstream that is there counts, whichever engine it was made with
        accelerator.emit_if_need_be()
    made = deploying.deploy(
        folder, accelerator.plan, x[: deploying.SAMPLES], output or folder / "deploy"
    )
    console.print(
        f"{made.folder}: copy it to the board and type there: {deploying.COMMAND}",
        markup=False,
        soft_wrap=True,
    )
    if made.missing:
        console.print(
            f"The bitstream is still missing: {made.missing}", markup=False, soft_wrap=True
        )


app.command()(bitstream)
app.command()(hls)

INTERRUPTED = 130


def complain(error: BaseException, status: int) -> int:
    """One line on standard error; the exit status."""
    text = " ".join(str(error).split()) or type(error).__name__
    print(f"spikeloom: {text}", file=sys.stderr)
    return status


def run(arguments: list[str] | None = None) -> int:
    """Run one command; its exit status. Without one, help and status 2."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        status = app(given or ["--help"], prog_name="spikeloom", standalone_mode=False)
        if not given:
            return 2
        if status == INTERRUPTED:
            return complain(SpikeLoomError("interrupted"), INTERRUPTED)
        return status if isinstance(status, int) else 0
    except SpikeLoomError as error:
        return complain(error, 2)
    except TyperException as error:
        return complain(SpikeLoomError(f"{error.format_message()} (spikeloom --help)"), 2)
    except (KeyboardInterrupt, typer.Abort):
        return complain(SpikeLoomError("interrupted"), INTERRUPTED)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("spikeloom"):
            raise
        return complain(
            SpikeLoomError(
                f"{error.name}: this command needs it, and it is not installed; pip install"
                " 'spikeloom[all]'"
            ),
            2,
        )
    except OSError as error:
        return complain(
            SpikeLoomError(f"{error.filename or 'file'}: {error.strerror or first_line(error)}"), 2
        )


def main() -> None:
    """Run the command of this process, and end it."""
    sys.exit(run())
