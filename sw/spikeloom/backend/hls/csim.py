"""C simulation: the generated C++ on real input, and how its answers compare with those of the
golden model.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spikeloom.backend import tools
from spikeloom.backend.hls.build import PLACE, build
from spikeloom.backend.hls.vectors import stream_order
from spikeloom.display import count, duration
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_array, save_array
from spikeloom.ir import golden
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.counters import counter_map
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.plan.runtime_steps import runnable
from spikeloom.progress import Progress
from spikeloom.verify.differences import first_count_difference, first_difference

PORTION = 64
"""Images that the program is called with: what an interrupted run has not to do again."""

DONE = re.compile(r"(\d+) of \d+ images")


@dataclass(frozen=True, eq=False)
class CSimulation:
    """What a C simulation gave.

    Attributes
    ----------
    words: (N, C, H, W) as they left the network: integers, or words of a spiking output.
    counters: name to count over all images; without ``cycles`` and ``images``, and 0 for what C++
        cannot see (``stalled``, ``starved``).
    busy: (N, engines) cycles of the bodies' loops by image, in the order of ``engines``.
    seconds: how long it took, without the build.
    """

    words: Ints
    counters: Mapping[str, int]
    busy: Ints
    engines: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, eq=False)
class Comparison:
    """A C simulation beside the golden model: images and outputs in all and equal, and a line for
    each thing that differs.
    """

    run: CSimulation
    images: int
    equal_images: int
    outputs: int
    equal_outputs: int
    differences: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"C simulation = golden model: {count(self.equal_images)} of {count(self.images)}"
            f" images, {count(self.equal_outputs)} of {count(self.outputs)} outputs, compared with"
            f" ==; {duration(self.run.seconds)}"
        )


def portions(count: int) -> Iterator[slice]:
    return (slice(start, min(start + PORTION, count)) for start in range(0, count, PORTION))


def simulate(
    plan: Plan, folder: Path, words: Ints, *, steps: int | None, sanitize: bool, progress: Progress
) -> CSimulation:
    """Run input words (N, C, H, W) through the C++ in ``folder``, with fewer time steps if wanted.
    Goes on where it was interrupted.

    Raises SpikeLoomError without a compiler or for time steps that cannot be run, ToolError where
    the program fails.
    """
    runnable(plan, steps)
    progress("csim build", 0, 0)
    program = build(folder, sanitize)
    given, begin = stream_order(words).astype("<u2"), time.perf_counter()
    found = [
        portion(program, given[part], part.start, len(words), steps or 0, progress)
        for part in portions(len(words))
    ]
    for path in (folder / PLACE).glob("portion_*.npy"):
        path.unlink()
    values = np.concatenate([values for values, _ in found]).astype(np.int64)
    counted = np.concatenate([counted for _, counted in found])
    channels, height, width = plan.graph.shapes[plan.graph.output.name]
    addresses = dict(counter_map(plan))
    engines = tuple(name.removesuffix(".busy") for name in addresses if name.endswith(".busy"))
    return CSimulation(
        values.reshape(-1, height, width, channels).transpose(0, 3, 1, 2),
        {
            name: int(counted[:, address].sum())
            for name, address in addresses.items()
            if name not in ("cycles", "images")
        },
        counted[:, [addresses[f"{name}.busy"] for name in engines]],
        engines,
        time.perf_counter() - begin,
    )


def portion(
    program: Path, given: Ints, before: int, total: int, steps: int, progress: Progress
) -> tuple[Ints, Ints]:
    """Values and counters by image of some images, from the files of an earlier run where they are
    there.
    """
    key = hashlib.sha256(program.read_bytes() + given.tobytes() + bytes([steps])).hexdigest()[:24]
    names = [f"portion_{key}_{what}.npy" for what in ("input", "values", "counted")]
    paths = [program.parent / name for name in names]
    progress("csim", before, total)
    if not all(path.exists() for path in paths):
        save_array(paths[0], given)

        def seen(line: str) -> None:
            if found := DONE.match(line):
                progress("csim", before + int(found[1]), total)

        command = [f"./{program.name}", *names, str(steps)]
        tools.run(
            command,
            folder=program.parent,
            log=program.parent / "run.log",
            what="C simulation",
            seen=seen,
        )
    progress("csim", before + len(given), total)
    values, counted = (load_array(path, "what C simulation wrote") for path in paths[1:])
    if len(values) != len(given) or len(counted) != len(given):
        raise SpikeLoomError(
            f"{paths[1]}: expected {len(given)} images, found {len(values)}; remove the file, and"
            " run it again"
        )
    return np.asarray(values, dtype=np.int64), np.asarray(counted, dtype=np.int64)


def compare(plan: Plan, words: Ints, run: CSimulation, steps: int | None) -> Comparison:
    """Every output and every count of spikes beside the golden model's, with ``==``."""
    chosen = runnable(plan, steps)
    graph = chosen.graph
    name = graph.output.name
    expected = golden.trace(graph, words)
    unequal = expected[name] != run.words
    lines = []
    if difference := first_difference(
        graph, ("golden", {name: expected[name]}), ("C simulation", {name: run.words})
    ):
        lines.append(str(difference))
    counted = {
        node.name: spikes(plan, run, node.name)
        for node in graph.nodes
        if graph.codes[node.name] is not None
    }
    if line := first_count_difference(graph, expected, counted, "C simulation"):
        lines.append(line)
    return Comparison(
        run,
        len(words),
        int((~unequal.any(axis=(1, 2, 3))).sum()),
        unequal.size,
        int((~unequal).sum()),
        tuple(lines),
    )


def spikes(plan: Plan, run: CSimulation, name: str) -> list[int]:
    """Set bits of every plane that left a node."""
    return [run.counters[f"{name}.spikes[{t}]"] for t in range(plan.graph.code(name).steps)]
