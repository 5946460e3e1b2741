"""The commands ``spikeloom golden``, ``compare``, ``sim`` and ``report``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikeloom.cli.console import bars, note, say, show, show_differences
from spikeloom.cli.images import image_count, images_of, wave_images
from spikeloom.cli.options import InputFile, LabelFile, NetworkFolder, OutputFile, TimeSteps
from spikeloom.display import NO_NUMBER, Table, count, percent
from spikeloom.files import file_to_write, load_array, save_array

if TYPE_CHECKING:
    from spikeloom.interface.performance import Performance
    from spikeloom.verify.verdict import Verdict

HISTOGRAM_IMAGES = 100
"""Test images that the histograms of the report are made of."""

STYLES = {"equal": "", "differs": "red"}
"""Result of a rung -> how its row looks; others are something to look at."""


def wave_file(text: str) -> Path:
    """The wave file of that name. Raises SpikeLoomError for one that cannot be written."""
    from spikeloom_sim.network.network import waves_for

    waves_for(Path(text))
    return file_to_write(text)


def golden(
    folder: NetworkFolder,
    input: InputFile = None,
    output: OutputFile = None,
    labels: LabelFile = None,
    steps: TimeSteps = None,
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
    right = f", accuracy {percent(accuracy(outputs, truth), 2)}" if truth is not None else ""
    say(f"{count(len(outputs))} images{right}")


def compare(
    folder: NetworkFolder,
    input: InputFile = None,
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

    accelerator = Accelerator.load(folder)
    x, _ = images_of(folder, input, None)
    with bars() as progress:
        found = accelerator.compare(
            x[: image_count(images, len(x), 32 if input is None else len(x))], progress
        )
    show([verdicts(found)], [STYLES.get(verdict.result, "yellow") for verdict in found])
    for verdict in found:
        if verdict.note:
            note(verdict.note)
    return show_differences(line for verdict in found for line in verdict.differences)


def verdicts(found: Sequence[Verdict]) -> Table:
    """A row per rung."""
    rows = tuple(
        (
            verdict.rung,
            verdict.compared,
            count(verdict.images) if verdict.images else NO_NUMBER,
            verdict.result,
        )
        for verdict in found
    )
    return Table("compared with the golden model", ("rung", "compared with ==", "images", ""), rows)


def sim(
    folder: NetworkFolder,
    input: InputFile = None,
    output: OutputFile = None,
    labels: LabelFile = None,
    steps: TimeSteps = None,
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
    from spikeloom.verify.words import missing

    accelerator = Accelerator.load(folder)
    x, y = images_of(folder, input, labels)
    chosen = wave_images(waves, images, len(x))
    with bars() as progress:
        run = accelerator.simulate(x, y, steps=steps, torch=True, progress=progress)
        if accelerator.plan.fewer_steps:
            accelerator.curve(x, y, progress=progress)
        waved = accelerator.waves(x, waves, chosen, progress) if waves is not None else ""
    if output is not None:
        save_array(output, run.outputs)
    absent = missing("train", "torch")
    page = accelerator.report(x[:HISTOGRAM_IMAGES])
    closing(run.performance, page.path)
    for line in filter(None, (waved, absent and f"torch: not run: {absent}")):
        say(line)
    return show_differences(run.differences)


def closing(performance: Performance, page: Path) -> None:
    """The one screen that a simulation ends with."""
    from spikeloom.report.simulation import layers, summary

    show([summary(performance), layers(performance)])
    note(
        f"Cycles and counts are simulated. Times assume {performance.clock_mhz:g} MHz; no board"
        " confirmed it."
    )
    say(f"Report: {page}")


def report(folder: NetworkFolder) -> None:
    """Write report.html from what has been estimated and measured so far."""
    from spikeloom.accelerator import Accelerator

    accelerator = Accelerator.load(folder)
    x = folder / "test_x.npy"
    say(accelerator.report(load_array(x)[:HISTOGRAM_IMAGES] if x.exists() else None))
