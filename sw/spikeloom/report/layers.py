"""Layer by layer as a table: what was planned."""

from __future__ import annotations

from spikeloom.display import Table, count
from spikeloom.mapping.plan.describe import (
    code_text,
    folding_text,
    kind,
    map_text,
    neuron_text,
)
from spikeloom.mapping.plan.plan import Plan
from spikeloom.report import estimates


def planned(plan: Plan) -> Table:
    """What every layer computes and how it is folded, with estimated cycles."""
    rows = [
        (
            stage.name,
            kind(plan, stage),
            map_text(stage.o_shape),
            neuron_text(stage),
            code_text(stage.o_code),
            folding_text(stage),
            count(round(estimates.stage_cycles(plan, stage))),
        )
        for stage in plan.stages
    ]
    heads = (
        "layer",
        "kind",
        "output",
        "neuron",
        "words out",
        "engine",
        "cycles per image (estimated)",
    )
    return Table(f"{plan.graph.name} on {plan.board}", heads, tuple(rows))
