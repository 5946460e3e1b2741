"""FIFO depths: how many beats a residual must hold back so that the longer branch can produce its
first output.

The depth follows from shapes alone. The join cannot take a skip position before the main branch has
produced the same position, and for that the input must have advanced so far that the skip branch
has produced more. What the two rows of the join's own line buffer do not hold, the FIFO must.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spikeloom.ir.graph import Layer
from spikeloom.ir.number import Ints

if TYPE_CHECKING:
    from spikeloom.mapping.plan.plan import Plan, Stage


def last_tap(outputs: int, inputs: int, kernel: int, stride: int, pad: int) -> Ints:
    """Per output row (or column): the last input row (or column) that its window touches."""
    return np.clip(np.arange(outputs, dtype=np.int64) * stride - pad + kernel - 1, 0, inputs - 1)


def input_needed(plan: Plan, name: str) -> Ints:
    """Per output position of a node, row-major: the last input position of the network that it
    depends on.
    """
    graph = plan.graph
    if name == graph.input.name:
        return np.arange(graph.input.shape[1] * graph.input.shape[2], dtype=np.int64)
    stage = plan[name]
    rows = last_tap(
        stage.o_shape[1],
        stage.i_shape[1],
        stage.layer.kernel[0],
        stage.layer.stride[0],
        stage.layer.padding[0],
    )
    cols = last_tap(
        stage.o_shape[2],
        stage.i_shape[2],
        stage.layer.kernel[1],
        stage.layer.stride[1],
        stage.layer.padding[1],
    )
    windows = stage.folding.windows
    cols = (
        cols.reshape(-1, windows).max(axis=1).repeat(windows)
    )  # windows of a step finish together
    needed = np.maximum.accumulate(input_needed(plan, stage.layer.source))[
        (rows[:, None] * stage.i_shape[2] + cols[None]).ravel()
    ]
    if isinstance(stage.layer, Layer) and stage.layer.skip is not None:
        needed = np.maximum(needed, input_needed(plan, stage.layer.skip))
    return np.maximum.accumulate(needed)


def skip_depth(plan: Plan, stage: Stage) -> int:
    """Beats of FIFO on the residual of ``stage``: what freedom from deadlock needs, plus two."""
    assert isinstance(stage.layer, Layer) and stage.layer.skip is not None
    height, width = stage.o_shape[1:]
    main = input_needed(plan, stage.layer.source)
    rows = last_tap(
        height,
        stage.i_shape[1],
        stage.layer.kernel[0],
        stage.layer.stride[0],
        stage.layer.padding[0],
    )
    cols = last_tap(
        width,
        stage.i_shape[2],
        stage.layer.kernel[1],
        stage.layer.stride[1],
        stage.layer.padding[1],
    )
    windows = stage.folding.windows
    cols = cols.reshape(-1, windows).max(axis=1).repeat(windows)
    needed = main[(rows[:, None] * stage.i_shape[2] + cols[None]).ravel()]
    produced = np.searchsorted(input_needed(plan, stage.layer.skip), needed, side="right")
    held = produced - np.arange(height).repeat(width) * width
    beats = stage.o_shape[0] // stage.folding.elements
    return max(0, int(held.max()) - 2 * width) * beats + 2
