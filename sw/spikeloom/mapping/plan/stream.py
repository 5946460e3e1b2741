"""A stream between two stages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Edge:
    """A stream from one stage to another: regrouped from ``i_group`` to ``o_group`` channels a
    beat, then ``depth`` beats of FIFO.

    ``port`` is "i" for synapses and "skip" for a residual.
    """

    source: str
    target: str
    port: str
    i_group: int
    o_group: int
    depth: int
