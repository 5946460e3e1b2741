"""The benchmark as JSON and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from spikeloom.bench.measuring import Result
from spikeloom.bench.rows import Anchor, Bench, find
from spikeloom.files import save_json, save_text

HOW = {
    "right, images": "frozen network, whole test set; the interval is Wilson's, 95 %",
    "interval, interval_p99, latency_p99": "simulated: Verilated RTL, cycle by cycle, outputs and spike counts equal to the golden model",
    "worst, fps_at": "cycle model on random spikes of the given density in every stream",
    "fps, port_fps": "at the clock clock_mhz, which is assumed: no router and no board has confirmed it",
    "lut, ff, dsp, bram36, uram, delay_ns": "synthesised by Yosys, shell included; the delay is that of cells, without wires",
}

HEADS = (
    "network", "board, assumed clock", "weights/input/T", "accuracy (95 %), n", "density", "fps", "target", "interval p99 / worst",
    "fps at 15 / 25 / 35 / 50 %", "LUT", "FF", "BRAM36", "DSP", "fps/kLUT", "cell delay",
)  # fmt: skip


def cells(result: Result, bench: Bench) -> list[str]:
    """One row of the table."""
    r = result
    bound = " (memory port)" if r.fps == r.port_fps else ""
    return [
        f"{bench.network} w{r.weight_bits}",
        f"{r.board}, {r.clock_mhz:g} MHz",
        f"{r.weight_bits} / {r.input_bits} / {r.steps}",
        f"{r.right / r.images:.1%} ({r.low:.1%} to {r.high:.1%}), {r.images}",
        f"{r.density:.0%}",
        f"{r.fps:,.0f}{bound}",
        f"{bench.target_fps:,.0f}",
        f"{r.interval_p99:,.0f} / {r.worst:,.0f}",
        " / ".join(f"{fps:,.0f}" for fps in r.fps_at.values()),
        f"{r.lut:,}",
        f"{r.ff:,}",
        f"{r.bram36:g}",
        f"{r.dsp}",
        f"{r.fps_per_klut:,.1f}",
        f"{r.delay_ns:.2f} ns",
    ]


def anchor_cells(bench: Bench, anchor: Anchor) -> list[str]:
    return [bench.network, anchor.design, anchor.device, anchor.accuracy or "not given", f"{anchor.fps:,.0f}", anchor.how]


def markdown(results: Sequence[Result]) -> str:
    """Two tables: ours, and what others published."""
    benches = [find(result.name) for result in results]
    ours = [cells(result, bench) for result, bench in zip(results, benches, strict=True)]
    others = [anchor_cells(bench, anchor) for bench in benches for anchor in bench.anchors]
    lines = ["# Benchmark", "", *grid(HEADS, ours), "", "How: " + "; ".join(f"{what}: {how}" for what, how in HOW.items()) + "."]
    efficiency = [[result.name, f"{result.against_bound:.2f}", f"{result.lut_per_useful:.1f}"] for result in results]
    heads = ("network", "slowest event layer: busy cycles / (spikes x folds / lanes)", "LUT per synapse added per cycle")
    lines += ["", *grid(heads, efficiency)]
    if others:
        lines += ["", "Published by others, on their data:", ""]
        lines += grid(("network", "design", "device", "accuracy", "fps", "how"), others)
    return "\n".join(lines) + "\n"


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(line)} |" for line in (heads, ["---"] * len(heads), *rows)]


def write(folder: Path, results: Sequence[Result]) -> None:
    """``bench.json`` and ``bench.md``."""
    rows = [
        {**asdict(result), "fps_per_klut": result.fps_per_klut, "anchors": [asdict(a) for a in find(result.name).anchors]}
        for result in results
    ]
    save_json(folder / "bench.json", {"how": HOW, "rows": rows})
    save_text(folder / "bench.md", markdown(results))
