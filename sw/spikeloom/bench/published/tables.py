"""The benchmark as JSON and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from spikeloom.bench.published import parallel, sparse
from spikeloom.bench.published import row as measuring
from spikeloom.bench.published.markdown import grid, said, tenth, three
from spikeloom.bench.published.parallel import Parallel
from spikeloom.bench.published.row import ROUTED, Result
from spikeloom.bench.published.rows import Anchor, Bench, find
from spikeloom.bench.published.sparse import Sparse
from spikeloom.bench.published.usefulness import LUT_PER_USEFUL, SLOWEST
from spikeloom.errors import SpikeLoomError
from spikeloom.files import load_json, save_json, save_text

HOW = {
    "right, images": "frozen network, whole test set",
    "low, high": (
        "95 %: Wilson's interval with the design effect of images that are made of the same source"
    ),
    "simulated, latency_p99": (
        "Verilated RTL of the network, cycle by cycle: outputs and spike counts equal to the golden"
        " model, intervals to the cycle model"
    ),
    "interval, interval_p99": (
        "cycle model on modelled images of the whole test set, beats no sooner than the memory port"
        " brings them"
    ),
    "worst, fps_at": "cycle model on random spikes of the given density in every stream",
    "fps, port_fps": (
        "at the clock clock_mhz, which is assumed: no router and no board has confirmed it"
    ),
    "lut, ff, dsp, bram36, uram, delay_ns": (
        "synthesised by Yosys, shell included; the delay is that of cells of a 7-series part,"
        " without wires, and without paths through the cells of delay_without"
    ),
    "lut_estimated, bram36_estimated, dsp_estimated": "cost model, before synthesis",
    "longest": "busy cycles of an image",
    "slowest": (
        "bound: spikes x folds / lanes; queues: words without a spike take a cycle too, and not all"
        " ports have one; busiest: a pass waits for its busiest queue"
    ),
    "lut_per_useful": "LUTs of the whole accelerator; layers that multiply add no synapses",
}

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
        f"{r.accuracy:.1%} ({r.low:.1%} to {r.high:.1%}), {r.images} of {r.sources} ({r.dataset})",
        f"{r.density:.0%}",
        f"{r.interval:,.1f} / {r.interval_p99:,.0f} / {r.worst:,.0f}",
        f"{three(r.fps)}{bound}",
        f"{bench.target_fps:,.0f}{'' if r.fps >= bench.target_fps else ', missed'}",
        " / ".join(three(fps) for fps in r.fps_at.values()),
    ]


def logic_cells(result: Result) -> list[str]:
    """What it takes of the board, and how deep it is."""
    r = result
    return [
        r.name,
        f"{r.lut:,} ({r.lut_estimated / r.lut - 1:+.1%})",
        f"{r.ff:,}",
        f"{r.bram36:g} ({r.bram36_estimated:g})",
        f"{r.uram}",
        f"{r.dsp} ({r.dsp_estimated})",
        three(r.fps_per_klut),
        f"{r.delay_ns:.2f} ns{''.join(f', without {cell}' for cell in r.delay_without)}",
        " / ".join(three(r.routed_fps(factor)) for factor in ROUTED),
    ]


def anchor_cells(bench: Bench, anchor: Anchor) -> list[str]:
    return [
        bench.network,
        anchor.design,
        anchor.device,
        anchor.accuracy or "not given",
        f"{anchor.fps:,.0f}",
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
        [result.name, str(result.longest), str(result.slowest), tenth(result.lut_per_useful)]
        for result in results
    ]
    logic = [logic_cells(result) for result in results]
    lines = [
        "# Benchmark",
        "",
        *grid(HEADS, ours),
        "",
        *grid(HEADS_LOGIC, logic),
        "",
        *grid(HEADS_WORK, work),
        "",
        said(HOW),
    ]
    twins = [
        line
        for row in rows
        if row.sparse is not None
        for line in sparse.cells(row.sparse, row.result)
    ]
    lines += section("With a spike penalty", sparse.HEADS, twins, sparse.HOW)
    baselines = [
        parallel.cells(row.parallel, row.result) for row in rows if row.parallel is not None
    ]
    lines += section(
        "Against bit-parallel multipliers with the same weights",
        parallel.HEADS,
        baselines,
        parallel.HOW,
    )
    lines += section(
        "Published by others, on their data",
        ("network", "design", "device", "accuracy", "fps", "how"),
        others,
        {},
    )
    return "\n".join(lines) + "\n"


def section(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], how: Mapping[str, str]
) -> list[str]:
    """A table under its title; nothing without rows."""
    if not rows:
        return []
    return ["", f"## {title}", "", *grid(heads, rows), *(["", said(how)] if how else [])]


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


def known(folder: Path) -> list[Row]:
    """The rows of ``bench.json``; without those that are damaged, of an earlier SpikeLoom, or of no
    row that there still is.
    """
    try:
        rows = list(load_json(folder / "bench.json", "rows of 'spikeloom bench'")["rows"])
    except (SpikeLoomError, KeyError, TypeError):
        return []
    return [row for data in rows if (row := row_of(data)) is not None]


def row_of(data: Any) -> Row | None:
    """From what :func:`plain` made; None where the data is something else."""
    try:
        row = _row_of(data)
        markdown([row])
        return row
    except (SpikeLoomError, AttributeError, KeyError, TypeError, ValueError):
        return None


def _row_of(data: dict[str, Any]) -> Row:
    result = measuring.read(
        {
            name: value
            for name, value in data.items()
            if name not in ("fps_per_klut", "anchors", "sparse", "parallel")
        }
    )
    twin, baseline = data["sparse"], data["parallel"]
    return Row(
        result,
        None if twin is None else sparse.read(twin),
        None if baseline is None else parallel.read(baseline),
    )


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
