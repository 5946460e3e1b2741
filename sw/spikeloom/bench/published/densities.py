"""Cycles of a plan at a given density: the cycle model on random spikes, all layers alike."""

from __future__ import annotations

import numpy as np

from spikeloom.bench.published.pace import intervals
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.plan import Plan

IMAGES = 40
ALIKE = 4
"""Where all bits are the same, all images are."""


def random_trace(
    plan: Plan, density: float, images: int = IMAGES, seed: int = 0
) -> dict[str, Ints]:
    """Words of every node, node -> (N, C, H, W), each bit set with the same chance; no network
    computes these.
    """
    rng = np.random.default_rng(seed)
    trace = {}
    for name, shape in plan.graph.shapes.items():
        code = plan.graph.codes[name]
        words = np.zeros((images, *shape), dtype=np.int64)
        for step in range(code.steps if code is not None else 0):
            words |= (rng.random(words.shape) < density).astype(np.int64) << step
        trace[name] = words
    return trace


def interval_at(plan: Plan, density: float) -> float:
    """Cycles between two images where every stream of spikes, the input among them, has this share
    of bits set; 1 is the worst case.
    """
    return float(
        intervals(plan, random_trace(plan, density, IMAGES if 0 < density < 1 else ALIKE)).mean()
    )
