"""The streams between stages."""

from __future__ import annotations

from dataclasses import dataclass

from spikeloom.ir.windows import Padding, Pair


@dataclass(frozen=True)
class Port:
    """One input of a stage.

    Attributes
    ----------
    name: "i" for synapses, "skip" for a residual. source: the node that feeds it.
    group: channels in one beat that it takes.
    kernel, stride, padding: the window that an output position needs of it.
    waits: whether its beats may have to wait for those of the port before, in a FIFO.
    """

    name: str
    source: str
    group: int
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Padding = (0, 0, 0, 0)
    waits: bool = False


@dataclass(frozen=True)
class Edge:
    """A stream from one stage to another: regrouped from ``i_group`` to ``o_group`` channels a
    beat, then ``depth`` beats of FIFO.

    ``port`` names the :class:`Port` that it leads to.
    """

    source: str
    target: str
    port: str
    i_group: int
    o_group: int
    depth: int
