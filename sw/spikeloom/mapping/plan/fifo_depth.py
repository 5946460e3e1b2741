"""FIFO depths: how many beats a residual must hold back so that the longer branch can produce its
first output.

The depth follows from shapes alone. The join cannot take a skip position before the main branch has
produced the same position, and for that the input must have advanced so far that the skip branch
has produced more. What the two rows of the join's own line buffer do not hold, the FIFO must.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from spikeloom.ir.number import Ints, Shape
from spikeloom.mapping.plan.stage import Stage
from spikeloom.mapping.plan.stream import Port


class Staged(Protocol):
    """What is asked of a plan: the map of every node, and the stages by name."""

    @property
    def shapes(self) -> Mapping[str, Shape]: ...
    @property
    def by_name(self) -> Mapping[str, Stage]: ...


def last_tap(outputs: int, inputs: int, kernel: int, stride: int, pad: int) -> Ints:
    """Per output row (or column): the last input row (or column) that its window touches."""
    return np.clip(np.arange(outputs, dtype=np.int64) * stride - pad + kernel - 1, 0, inputs - 1)


def last_position(plan: Staged, stage: Stage, port: Port) -> Ints:
    """Per output position of a stage, row-major: the last position that it needs of an input."""
    _, height, width = plan.shapes[port.source]
    rows = last_tap(stage.o_shape[1], height, port.kernel[0], port.stride[0], port.padding[0])
    cols = last_tap(stage.o_shape[2], width, port.kernel[1], port.stride[1], port.padding[1])
    windows = stage.folding.windows
    if not port.waits:  # windows of a step finish together
        cols = cols.reshape(-1, windows).max(axis=1).repeat(windows)
    return (rows[:, None] * width + cols[None]).ravel()


def input_needed(plan: Staged, name: str) -> Ints:
    """Per output position of a node, row-major: the last input position of the network that it
    depends on.
    """
    _, height, width = plan.shapes[name]
    if name not in plan.by_name:
        return np.arange(height * width, dtype=np.int64)
    stage = plan.by_name[name]
    needed = np.zeros(height * width, dtype=np.int64)
    for port in stage.ports:
        before = np.maximum.accumulate(input_needed(plan, port.source))
        needed = np.maximum(needed, before[last_position(plan, stage, port)])
    return np.maximum.accumulate(needed)


def fifo_depth(plan: Staged, stage: Stage, port: Port) -> int:
    """Beats of FIFO in front of an input of ``stage``: what freedom from deadlock needs, plus two;
    0 where nothing waits.
    """
    if not port.waits:
        return 0
    height, width = stage.o_shape[1:]
    first = stage.ports[0]
    needed = input_needed(plan, first.source)[last_position(plan, stage, first)]
    produced = np.searchsorted(input_needed(plan, port.source), needed, side="right")
    held = produced - np.arange(height).repeat(width) * width
    beats = stage.o_shape[0] // port.group
    return max(0, int(held.max()) - 2 * width) * beats + 2
