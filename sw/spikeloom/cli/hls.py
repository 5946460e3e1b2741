"""The command ``spikeloom hls``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spikeloom.cli.console import bars, say, show, show_differences
from spikeloom.cli.images import image_count, images_of
from spikeloom.cli.options import InputFile, NetworkFolder, OutputFile, TimeSteps
from spikeloom.errors import SpikeLoomError
from spikeloom.files import save_array

if TYPE_CHECKING:
    from spikeloom.accelerator import Accelerator
    from spikeloom.backend.hls.csim import Comparison
    from spikeloom.backend.hls.synthesis import Synthesis
    from spikeloom.ir.number import Ints

NO_TOOL = 3
"""All is there but Vitis HLS."""


def hls(
    folder: NetworkFolder,
    csim: Annotated[
        bool,
        typer.Option(
            "--csim", help="compile it, run it, compare every output with the golden model"
        ),
    ] = False,
    input: InputFile = None,
    output: OutputFile = None,
    images: Annotated[
        int | None, typer.Option(min=1, help="take so many images from the beginning; default all")
    ] = None,
    steps: TimeSteps = None,
    sanitize: Annotated[
        bool,
        typer.Option(
            "--sanitize", help="with the sanitizers for addresses and undefined behaviour"
        ),
    ] = False,
    vitis: Annotated[
        bool,
        typer.Option(
            "--vitis", help="run Vitis HLS, and read its report; status 3 where it is missing"
        ),
    ] = False,
    cosim: Annotated[
        bool, typer.Option("--cosim", help="with --vitis: cosimulation as well")
    ] = False,
) -> int:
    """Write the network as C++ for Vitis HLS; simulate it in C; synthesise it."""
    from spikeloom.accelerator import Accelerator
    from spikeloom.backend.hls import project, report

    asked = {
        "--input": input,
        "--output": output,
        "--images": images,
        "--steps": steps,
        "--sanitize": sanitize or None,
    }
    for name in (name for name, value in asked.items() if value is not None and not csim):
        raise SpikeLoomError(f"{name}: is for C simulation; expected --csim beside it, found none")
    if cosim and not vitis:
        raise SpikeLoomError(
            "--cosim: is done by Vitis HLS; expected --vitis beside it, found none"
        )
    accelerator = Accelerator.load(folder)
    plan, words = accelerator.plan, input_words(accelerator, input, images, steps) if csim else None
    place = project.write(plan, folder)
    say(place)
    found = run_csim(accelerator, words, steps, sanitize, output) if words is not None else None
    synthesis, missing = run_vitis(place, cosim) if vitis else (None, False)
    estimate = report.estimated(
        plan, folder, found.run if found is not None and steps is None else None
    )
    said = report.write(plan, folder, estimate, synthesis)
    show([said.table])
    for line in (*said.lines, folder / report.FILE, *([found] if found is not None else [])):
        say(line)
    status = show_differences(found.differences) if found is not None else 0
    return status or (NO_TOOL if missing else 0)


def input_words(
    accelerator: Accelerator, input: Path | None, images: int | None, steps: int | None
) -> Ints:
    """The words that are simulated, if they can be, with so many time steps. Raises
    SpikeLoomError.
    """
    from spikeloom.mapping.plan.runtime_steps import runnable

    runnable(accelerator.plan, steps)
    x, _ = images_of(accelerator.folder, input, None)
    return accelerator.words(x[: image_count(images, len(x), len(x))])


def run_csim(
    accelerator: Accelerator,
    words: Ints,
    steps: int | None,
    sanitize: bool,
    output: Path | None,
) -> Comparison:
    """C simulation of input words, its real outputs saved."""
    from spikeloom.backend.hls import csim, project
    from spikeloom.ir import golden

    folder, plan = accelerator.folder / project.FOLDER, accelerator.plan
    with bars() as progress:
        run = csim.simulate(plan, folder, words, steps=steps, sanitize=sanitize, progress=progress)
        progress("golden", 0, 0)
        found = csim.compare(plan, words, run, steps)
    graph = plan.with_steps(steps).graph
    code = graph.codes[graph.output.name]
    target = output or folder / "csim_y.npy"
    save_array(
        target, golden.dequantize(graph, run.words if code is None else code.value(run.words))
    )
    say(target)
    return found


def run_vitis(place: Path, cosim: bool) -> tuple[Synthesis | None, bool]:
    """What Vitis HLS makes of it, and whether it is missing."""
    from spikeloom.backend.hls import synthesis

    if synthesis.command() is None:
        names = " or ".join(synthesis.COMMANDS)
        say(f"Vitis HLS is missing: {names} is not on PATH; {place} is complete for it")
        return None, True
    with bars() as progress:
        progress("vitis hls", 0, 0)
        return synthesis.run(place, cosim), False
