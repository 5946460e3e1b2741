"""How often an image comes out: the cycle model on a sample of the test set, with the memory port
in front of it.
"""

from __future__ import annotations

from math import prod

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.number import Ints
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate_trace
from spikeloom.mapping.estimate.cycles import ends
from spikeloom.mapping.plan.plan import Plan

IMAGES = 400
"""Test images in a sample, spread evenly; all where there are fewer."""


def intervals(plan: Plan, trace: dict[str, Ints]) -> npt.NDArray[np.float64]:
    """(N - 2,) cycles between two images by the words of every node, node -> (N, C, H, W); the
    pipeline is kept as full as the memory port can, and the first interval, in which it fills, is
    left out. Raises SpikeLoomError with less than 3 images.
    """
    images = len(trace[plan.graph.input.name])
    if images < 3:
        raise SpikeLoomError(f"{plan.graph.name}: intervals need at least 3 images, found {images}")
    timing = simulate_trace(plan, trace, BACK_TO_BACK, offers=earliest_beats(plan, images))
    return timing.intervals[1:].astype(np.float64)


def earliest_beats(plan: Plan, images: int) -> list[int] | None:
    """The earliest cycle of each input beat; None where the memory port brings one every cycle."""
    beats = prod(plan.graph.input.shape) // plan.input_group
    cycles = ends(plan.graph, plan.board)[0].cycles / beats
    return None if cycles <= 1 else [int(beat * cycles) for beat in range(images * beats)]
