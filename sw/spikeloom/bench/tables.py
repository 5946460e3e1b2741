"""The benchmark as JSON and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spikeloom.bench import parallel, sparse
from spikeloom.bench.measuring import Result
from spikeloom.bench.parallel import Parallel
from spikeloom.bench.rows import Anchor, Bench, find
from spikeloom.bench.sparse import Sparse
from spikeloom.bench.usefulness import SLOWEST
from spikeloom.files import save_json, save_text

HOW = {
    "right, images": "frozen network, whole test set",
    "low, high": "95 %: Wilson's interval with the design effect of images that are made of the same source",
    "interval, interval_p99, latency_p99": "simulated: Verilated RTL, cycle by cycle, outputs and spike counts equal to the golden model",
    "worst, fps_at": "cycle model on random spikes of the given density in every stream",
    "fps, port_fps": "at the clock clock_mhz, which is assumed: no router and no board has confirmed it",
    "slowest": "queues: words without a spike take a cycle too, and not all ports have one; busiest: a pass waits for its busiest queue",
    "lut_estimated, bram36_estimated, dsp_estimated": "cost model, before synthesis",
    "lut, ff, dsp, bram36, uram, delay_ns": "synthesised by Yosys, shell included; the delay is that of cells, without wires",
}

HEADS = (
    "network", "board, assumed clock", "weights/input/T", "accuracy (95 %), images of sources", "density", "fps", "target",
    "interval p99 / worst",
    "fps at 15 / 25 / 35 / 50 %", "LUT (estimate)", "FF", "BRAM36 (estimate)", "DSP (estimate)", "fps/kLUT", "cell delay",
)  # fmt: skip


def cells(result: Result, bench: Bench) -> list[str]:
    """One row of the table."""
    r = result
    bound = " (memory port)" if r.fps == r.port_fps else ""
    return [
        f"{bench.network} w{r.weight_bits}",
        f"{r.board}, {r.clock_mhz:g} MHz",
        f"{r.weight_bits} / {r.input_bits} / {r.steps}",
        f"{r.accuracy:.1%} ({r.low:.1%} to {r.high:.1%}), {r.images} of {r.sources}",
        f"{r.density:.0%}",
        f"{r.fps:,.0f}{bound}",
        f"{bench.target_fps:,.0f}",
        f"{r.interval_p99:,.0f} / {r.worst:,.0f}",
        " / ".join(f"{fps:,.0f}" for fps in r.fps_at.values()),
        f"{r.lut:,} ({r.lut_estimated / r.lut - 1:+.1%})",
        f"{r.ff:,}",
        f"{r.bram36:g} ({r.bram36_estimated:g})",
        f"{r.dsp} ({r.dsp_estimated})",
        f"{r.fps_per_klut:,.1f}",
        f"{r.delay_ns:.2f} ns",
    ]


def anchor_cells(bench: Bench, anchor: Anchor) -> list[str]:
    return [bench.network, anchor.design, anchor.device, anchor.accuracy or "not given", f"{anchor.fps:,.0f}", anchor.how]


@dataclass(frozen=True)
class Row:
    """A row's figures, those of its twin with a spike penalty, and those of its bit-parallel baseline, where they were made."""

    result: Result
    sparse: Sparse | None = None
    parallel: Parallel | None = None


def markdown(rows: Sequence[Row]) -> str:
    """Ours, their twins and baselines, and what others published."""
    results = [row.result for row in rows]
    benches = [find(result.name) for result in results]
    ours = [cells(result, bench) for result, bench in zip(results, benches, strict=True)]
    others = [anchor_cells(bench, anchor) for bench in benches for anchor in bench.anchors]
    efficiency = [[result.name, str(result.slowest), f"{result.lut_per_useful:.1f}"] for result in results]
    heads = ("network", SLOWEST, "LUT per synapse added per cycle")
    lines = ["# Benchmark", "", *grid(HEADS, ours), "", said(HOW), "", *grid(heads, efficiency)]
    twins = [line for row in rows if row.sparse is not None for line in sparse.cells(row.sparse, row.result)]
    lines += section("With a spike penalty", sparse.HEADS, twins, sparse.HOW)
    baselines = [parallel.cells(row.parallel, row.result) for row in rows if row.parallel is not None]
    lines += section("Against bit-parallel multipliers with the same weights", parallel.HEADS, baselines, parallel.HOW)
    lines += section("Published by others, on their data", ("network", "design", "device", "accuracy", "fps", "how"), others, {})
    return "\n".join(lines) + "\n"


def section(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], how: Mapping[str, str]) -> list[str]:
    """A table under its title; nothing without rows."""
    if not rows:
        return []
    return ["", f"## {title}", "", *grid(heads, rows), *(["", said(how)] if how else [])]


def said(how: Mapping[str, str]) -> str:
    """How the numbers came about, in one line."""
    return "How: " + "; ".join(f"{what}: {text}" for what, text in how.items()) + "."


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), *rows)]


def write(folder: Path, rows: Sequence[Row]) -> None:
    """``bench.json`` and ``bench.md``."""
    save_json(
        folder / "bench.json", {"how": HOW, "how_sparse": sparse.HOW, "how_parallel": parallel.HOW, "rows": [plain(row) for row in rows]}
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
