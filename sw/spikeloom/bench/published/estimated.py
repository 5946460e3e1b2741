"""Rows of the benchmark before anything is simulated or synthesised: cycles by the cycle model,
resources by the cost model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from spikeloom.accelerator import Accelerator
from spikeloom.bench.markdown import grid, how_line, page
from spikeloom.bench.published import pace
from spikeloom.bench.published.counting import Answers, evaluate
from spikeloom.bench.published.row import compiled
from spikeloom.bench.published.rows import Bench, find
from spikeloom.bench.published.run import Options
from spikeloom.bench.published.usefulness import (
    LUT_PER_USEFUL,
    SLOWEST,
    Longest,
    Slowest,
    longest_and_slowest,
    lut_per_useful,
)
from spikeloom.display import between, count, percent, rate
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_array, save_json, save_text
from spikeloom.interface.figures import Spread
from spikeloom.ir import golden
from spikeloom.ir.arrays import spread
from spikeloom.mapping.estimate.cycles import ends
from spikeloom.mapping.search.budget import total
from spikeloom.progress import Progress

STEM = "estimate"

HOW = {
    "answers": "as in the rows that are made: frozen network, whole test set",
    "interval, interval_p99": (
        "cycle model on test images, the pipeline kept as full as the memory port can; no RTL"
        " was run"
    ),
    "fps": "at the clock clock_mhz, which is assumed; no more than the memory port brings",
    "lut, ff, bram36, dsp, uram": "cost model, shell included; nothing was synthesised",
}

HEADS = (
    "network", "board, assumed clock", "accuracy (95 %), images of sources", "density", "fps",
    "target", "interval mean / p99", "LUT", "FF", "BRAM36", "DSP", "URAM",
    "busy longest, cycles", SLOWEST, LUT_PER_USEFUL,
)  # fmt: skip


@dataclass(frozen=True)
class Estimate:
    """Attributes
    ----------
    answers: of the frozen network on its whole test set. modelled: images that the cycle model had.
    interval, interval_p99: cycles between two images. fps: frames per second, no more than the
        memory port brings.
    lut, ff, bram36, dsp, uram: with the shell. longest, slowest, lut_per_useful: see
        :mod:`spikeloom.bench.published.usefulness`.
    """

    name: str
    board: str
    clock_mhz: float
    answers: Answers
    modelled: int
    interval: float
    interval_p99: float
    fps: float
    lut: int
    ff: int
    bram36: float
    dsp: int
    uram: int
    longest: Longest
    slowest: Slowest
    lut_per_useful: float | None


def estimate(bench: Bench, made: Accelerator, progress: Progress) -> Estimate:
    """All figures of a row that is compiled."""
    found, plan = evaluate(made, progress), made.plan
    words = made.words(spread(load_array(made.folder / "test_x.npy"), pace.IMAGES))
    progress("cycles", 0, 0)
    trace = golden.trace(plan.graph, words)
    intervals, (longest, slowest) = pace.intervals(plan, trace), longest_and_slowest(plan, trace)
    interval, clock, cost = float(intervals.mean()), bench.clock_mhz * 1e6, total(plan)
    return Estimate(
        name=bench.name,
        board=bench.board,
        clock_mhz=bench.clock_mhz,
        answers=found,
        modelled=len(words),
        interval=interval,
        interval_p99=Spread.of(intervals).p99,
        fps=min(clock / ends(plan.graph, plan.board)[0].cycles, clock / interval),
        lut=cost.lut,
        ff=cost.ff,
        bram36=cost.bram18 / 2,
        dsp=cost.dsp,
        uram=cost.uram,
        longest=longest,
        slowest=slowest,
        lut_per_useful=lut_per_useful(plan, trace, interval, cost.lut),
    )


def cells(found: Estimate) -> list[str]:
    """One row of the table."""
    e, a, bench = found, found.answers, find(found.name)
    return [
        f"{bench.network} ({bench.name})",
        f"{e.board}, {e.clock_mhz:g} MHz",
        f"{percent(a.accuracy, 2)} ({between(a.low, a.high)}),"
        f" {count(a.images)} of {count(a.sources)}",
        percent(a.density),
        rate(e.fps),
        rate(bench.target_fps),
        f"{count(e.interval)} / {count(e.interval_p99)}",
        *map(count, (e.lut, e.ff, e.bram36, e.dsp, e.uram)),
        str(e.longest),
        str(e.slowest),
        count(e.lut_per_useful),
    ]


def markdown(found: Sequence[Estimate]) -> str:
    title = "Estimated, not simulated, not synthesised"
    return page(title, grid(HEADS, [cells(one) for one in found]), how_line(HOW))


def run(
    rows: Sequence[Bench],
    folder: Path,
    options: Options,
    *,
    progress: Progress,
    shown: Callable[[str], None],
) -> list[Estimate]:
    """Train and fold the rows below ``folder``, and write ``estimate.json`` and ``estimate.md``
    there after each of them.

    shown: is told in one line which row cannot be made, and why. Raises SpikeLoomError where no row
    comes to an end.
    """
    found: list[Estimate] = []
    failed: list[str] = []
    for k, bench in enumerate(rows):
        progress("rows", k, len(rows))
        try:
            made = compiled(bench, folder / bench.name, options.data_dir, progress)
            found.append(estimate(bench, made, progress))
        except SpikeLoomError as error:
            failed.append(f"{bench.name}: {error}")
            shown(failed[-1])
            continue
        save_json(folder / f"{STEM}.json", {"how": HOW, "rows": [asdict(one) for one in found]})
        save_text(folder / f"{STEM}.md", markdown(found))
    progress("rows", len(rows), len(rows))
    if not found:
        raise SpikeLoomError(f"{folder}: no row came to an end; the first: {failed[0]}")
    return found
