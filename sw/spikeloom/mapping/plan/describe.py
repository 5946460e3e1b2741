"""Layers, formats and foldings in a few words, for tables, pages and pictures."""

from __future__ import annotations

from spikeloom.ir.number import Code, Shape
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.plan.stage import Stage


def map_text(shape: Shape) -> str:
    """``16×8×8``; of a vector its length."""
    return "×".join(str(n) for n in shape) if shape[1:] != (1, 1) else str(shape[0])


def code_text(code: Code | None) -> str:
    """``T=4 τ=2``."""
    if code is None:
        return "integers"
    if code.spike_train:
        return f"{code.steps} time steps"
    return f"T={code.steps} τ={code.base}" + (" signed" if code.signed else "")


def kind(plan: Plan, stage: Stage) -> str:
    """What a user would call the layer."""
    return plan.graph[stage.name].describe(stage.i_shape, stage.o_shape)


def neuron_text(stage: Stage) -> str:
    """What a user would call its neuron."""
    return "no neuron" if stage.neuron is None else stage.neuron.describe()


def folding_text(stage: Stage) -> str:
    """``event 2×2 lanes, 16 el., 1 folds``."""
    f = stage.folding
    lanes = f" {f.banks}×{f.ports} lanes" if stage.body.skips else ""
    windows = f" × {f.windows} windows" if f.windows > 1 else ""
    return f"{f.body}{lanes}, {f.elements} el.{windows}, {stage.folds} folds"
