"""The command ``spikeloom hls``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from spikeloom.chosen import image_count, images_of
from spikeloom.errors import SpikeLoomError
from spikeloom.files import save_array
from spikeloom.options import Folder, Given, Steps, Wanted

if TYPE_CHECKING:
    from spikeloom.facade import Accelerator
    from spikeloom.files import Array
    from spikeloom.hls.csim import Compared


def hls(
    folder: Folder,
    csim: Annotated[bool, typer.Option("--csim", help="compile it, run it, compare every output with the golden model")] = False,
    input: Given = None,
    output: Wanted = None,
    images: Annotated[int | None, typer.Option(min=1, help="take so many images from the beginning; default all")] = None,
    steps: Steps = None,
    sanitize: Annotated[bool, typer.Option("--sanitize", help="with the sanitizers for addresses and undefined behaviour")] = False,
) -> int:
    """Write the network as C++ for Vitis HLS, and simulate it in C."""
    from spikeloom.facade import Accelerator
    from spikeloom.hls import project

    console = Console(highlight=False)
    asked = {"--input": input, "--output": output, "--images": images, "--steps": steps, "--sanitize": sanitize or None}
    if not csim and any(value is not None for value in asked.values()):
        name = next(name for name, value in asked.items() if value is not None)
        raise SpikeLoomError(f"{name}: is for C simulation; expected --csim beside it, found none")
    accelerator = Accelerator.load(folder)
    x = images_of(folder, input, None)[0] if csim else None
    console.print(f"{project.write(accelerator.plan, folder)}", markup=False, soft_wrap=True)
    if x is None:
        return 0
    found = simulated(console, accelerator, x[: image_count(images, len(x), len(x))], steps, sanitize, output)
    for line in found.differences:
        console.print(line, style="bold red", markup=False, soft_wrap=True)
    return 1 if found.differences else 0


def simulated(console: Console, accelerator: Accelerator, x: Array, steps: int | None, sanitize: bool, output: Path | None) -> Compared:
    """C simulation of real input, its outputs saved, and how many of them agree."""
    from spikeloom import golden
    from spikeloom.hls import csim, project
    from spikeloom.screen import bars

    folder, plan = accelerator.folder / project.FOLDER, accelerator.plan
    words = accelerator.words(x)
    with bars(console) as progress:
        run = csim.simulate(plan, folder, words, steps=steps, sanitize=sanitize, progress=progress)
        progress("golden", 0, 0)
        found = csim.compare(plan, words, run, steps)
    graph = plan.with_steps(steps).graph
    code = graph.codes[graph.output.name]
    values = run.words if code is None else code.value(run.words)
    save_array(output or folder / "csim_y.npy", golden.dequantize(graph, values))
    console.print(
        f"C simulation = golden model: {found.equal_images} of {found.images} images, {found.equal_outputs} of {found.outputs} outputs; "
        f"{run.seconds:.1f} s; {output or folder / 'csim_y.npy'}",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    return found
