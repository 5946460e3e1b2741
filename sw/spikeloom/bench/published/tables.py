"""The benchmark as JSON and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spikeloom.bench.markdown import grid, how_line, page, section
from spikeloom.bench.published import parallel, sparse
from spikeloom.bench.published.parallel import Parallel
from spikeloom.bench.published.row import HOW, ROUTED, Result
from spikeloom.bench.published.rows import Anchor, Bench, find
from spikeloom.bench.published.sparse import Sparse
from spikeloom.bench.published.usefulness import LUT_PER_USEFUL, SLOWEST
from spikeloom.display import between, count, nanoseconds, percent, rate, signed
from spikeloom.files import save_json, save_text

HEADS = (
    "network", "board, assumed clock", "weights/input/T",
    "accuracy (95 %), images of sources (data)", "density", "interval mean / p99 / worst",
    "fps", "target", "fps at 15 / 25 / 35 / 50 %",
)  # fmt: skip

HEADS_LOGIC = (
    "network", "LUT (estimate)", "FF", "BRAM36 (estimate)", "URAM", "DSP (estimate)", "fps/kLUT",
    "cell delay",
    f"fps where wires make it {ROUTED[0]:g} / {ROUTED[1]:g} times as long",
)  # fmt: skip

HEADS_WORK = ("network", "busy longest, cycles", SLOWEST, LUT_PER_USEFUL)


def cells(result: Result, bench: Bench) -> list[str]:
    """One row of the table."""
    r = result
    bound = " (memory port)" if r.fps > 0.99 * r.port_fps else ""
    return [
        f"{bench.network} ({r.name})",
        f"{r.board}, {r.clock_mhz:g} MHz",
        f"{r.weight_bits} / {r.input_bits} / {r.steps}",
        f"{percent(r.accuracy, 2)} ({between(r.low, r.high)}),"
        f" {count(r.images)} of {count(r.sources)} ({r.dataset})",
        percent(r.density),
        " / ".join(map(count, (r.interval, r.interval_p99, r.worst))),
        f"{rate(r.fps)}{bound}",
        f"{rate(bench.target_fps)}{'' if r.fps >= bench.target_fps else ', missed'}",
        " / ".join(map(rate, r.fps_at.values())),
    ]


def logic_cells(result: Result) -> list[str]:
    """What it takes of the board, and how deep it is."""
    r = result
    return [
        r.name,
        f"{count(r.lut)} ({signed(100 * (r.lut_estimated / r.lut - 1))} %)",
        count(r.ff),
        f"{count(r.bram36)} ({count(r.bram36_estimated)})",
        count(r.uram),
        f"{count(r.dsp)} ({count(r.dsp_estimated)})",
        rate(r.fps_per_klut),
        f"{nanoseconds(r.delay_ns)}{''.join(f', without {cell}' for cell in r.delay_without)}",
        " / ".join(rate(r.routed_fps(factor)) for factor in ROUTED),
    ]


def anchor_cells(bench: Bench, anchor: Anchor) -> list[str]:
    return [
        bench.network,
        anchor.design,
        anchor.device,
        anchor.accuracy or "not given",
        count(anchor.fps),
        anchor.how,
    ]


@dataclass(frozen=True)
class Row:
    """A row's figures, those of its twin with a spike penalty, and those of its bit-parallel
    baseline, where they were made.
    """

    result: Result
    sparse: Sparse | None = None
    parallel: Parallel | None = None


def markdown(rows: Sequence[Row]) -> str:
    """Ours, their twins and baselines, and what others published."""
    results = [row.result for row in rows]
    benches = [find(result.name) for result in results]
    ours = [cells(result, bench) for result, bench in zip(results, benches, strict=True)]
    others = [anchor_cells(bench, anchor) for bench in benches for anchor in bench.anchors]
    work = [
        [result.name, str(result.longest), str(result.slowest), count(result.lut_per_useful)]
        for result in results
    ]
    logic = [logic_cells(result) for result in results]
    twins = [
        line
        for row in rows
        if row.sparse is not None
        for line in sparse.cells(row.sparse, row.result)
    ]
    baselines = [
        parallel.cells(row.parallel, row.result) for row in rows if row.parallel is not None
    ]
    parallel_title = "Against bit-parallel multipliers with the same weights"
    heads = ("network", "design", "device", "accuracy", "fps", "how")
    return page(
        "Benchmark",
        grid(HEADS, ours),
        grid(HEADS_LOGIC, logic),
        grid(HEADS_WORK, work),
        how_line(HOW),
        section("With a spike penalty", sparse.HEADS, twins, sparse.HOW),
        section(parallel_title, parallel.HEADS, baselines, parallel.HOW),
        section("Published by others, on their data", heads, others, {}),
    )


def write(folder: Path, rows: Sequence[Row]) -> None:
    """``bench.json`` and ``bench.md``."""
    save_json(
        folder / "bench.json",
        {
            "how": HOW,
            "how_sparse": sparse.HOW,
            "how_parallel": parallel.HOW,
            "rows": [plain(row) for row in rows],
        },
    )
    save_text(folder / "bench.md", markdown(rows))


def plain(row: Row) -> dict[str, Any]:
    """A row as JSON."""
    result, anchors = row.result, find(row.result.name).anchors
    return {
        **asdict(result),
        "fps_per_klut": result.fps_per_klut,
        "anchors": [asdict(anchor) for anchor in anchors],
        "sparse": None if row.sparse is None else asdict(row.sparse),
        "parallel": None if row.parallel is None else asdict(row.parallel),
    }
