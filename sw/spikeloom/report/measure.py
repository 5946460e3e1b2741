"""From the hardware's counters and times to figures per layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from spikeloom.code import Ints
from spikeloom.plan import Plan
from spikeloom.report.performance import LayerFigures
from spikeloom.report.pipeline import kind


def layer_figures(plan: Plan, counters: Mapping[str, int], images: int) -> tuple[LayerFigures, ...]:
    """One row for the input and one for each stage; a residual's synaptic operations belong to the stage that it joins."""
    rows = []
    for node in plan.graph.nodes:
        name, code = node.name, plan.graph.codes[node.name]
        engine = {what: counters.get(f"{name}.{what}", 0) for what in ("busy", "starved", "stalled")}
        rows.append(
            LayerFigures(
                name=name,
                kind="input" if node is plan.graph.input else kind(plan[name]),
                words=int(np.prod(plan.graph.shapes[name])) * images,
                spikes=tuple(counters[f"{name}.spikes[{t}]"] for t in range(code.steps)) if code is not None else (),
                nonzero=counters.get(f"{name}.nonzero", 0),
                synaptic=counters.get(f"{name}.synaptic", 0) + counters.get(f"{name}.skip.synaptic", 0),
                **engine,
            )
        )
    return tuple(rows)


def counted_spikes(plan: Plan, counters: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
    """Spikes of each plane that the hardware counted behind every node that fires."""
    return {row.name: row.spikes for row in layer_figures(plan, counters, 1) if row.spikes}


def mean_interval(interval: Ints) -> float | None:
    """Cycles from one image's last output to the next one's, over a stream of images; None for a single image."""
    return float(interval.mean()) if len(interval) else None
