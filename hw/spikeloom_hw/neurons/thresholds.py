"""Units that search a table of thresholds, one comparison per time step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from amaranth import Cat, Module, Signal, Value
from amaranth.lib import wiring
from spikeloom.ir.number import signed_width

from ..lib.runtime_steps import chosen
from .unit import Unit, Work, elements


class ThresholdsUnit(Unit):
    """Successive approximation: each step compares with the threshold of the word that begins with
    the bits so far and a one.

    Parameters
    ----------
    tables: by the number of time steps that are run, (channels, 2^T - 1) thresholds, rising.
    runs: time steps of each run, see :mod:`spikeloom_hw.lib.runtime_steps`.
    steps: T of a word. width: bits of a threshold; None: those of each unit's own.
    """

    def __init__(
        self,
        *,
        tables: dict[int, np.ndarray],
        runs: Sequence[int],
        steps: int,
        width: int | None = None,
    ):
        for live, table in tables.items():
            if table.shape[1] != (1 << live) - 1:
                raise ValueError(f"expected {(1 << live) - 1} thresholds, got {table.shape[1]}")
        self.by_steps = [tables[live] for live in sorted(tables)]
        self.runs, self.steps, self.width = runs, steps, width

    def begin(self, m: Module, component: wiring.Component) -> None:
        self.tree = chosen(m, component, "tree", [1 << live for live in self.runs])

    def spike(self, m: Module, work: Work, u: Value, window: int, n: int) -> Value:
        place, steps = work.place, self.steps
        fold = place.groups * place.units
        channels = [k + e for k in range(0, place.folds * fold, fold) for e in elements(place, n)]
        rows = [[threshold] for c in channels for threshold in search_tree(self.by_steps, c)]
        width = self.width or signed_width(max(abs(row[0]) for row in rows))
        bits = Signal(steps, name=f"bits{window}_{n}")
        node = Signal(steps + 1, name=f"node{window}_{n}")
        at = (1 << work.step) | (bits & ((1 << work.step) - 1))
        m.d.comb += node.eq(at if self.tree is None else at | self.tree)
        address = Signal(range(max(2, len(rows))), name=f"table{window}_{n}_address")
        start = (place.fold * place.groups + place.group) * (len(rows) // len(channels))
        m.d.comb += address.eq(start + node)
        spike = Signal(name=f"spike{window}_{n}")
        (threshold,) = work.parameters.rows(f"table{window}_{n}", rows, width, address)
        m.d.comb += spike.eq(u >= threshold)
        with m.If(work.work):
            m.d.sync += bits.eq(Cat(spike, bits))
        return spike


def search_tree(tables: Sequence[np.ndarray], channel: int) -> list[int]:
    """The thresholds of a channel by node, which is a 1 followed by the bits so far; of several
    tables, by rising T, that of T planes from 2^T on.
    """
    several = len(tables) > 1
    found = [0] * (2 * (tables[-1].shape[1] + 1) if several else 0)
    for table in tables:
        live, thresholds = table.shape[1].bit_length(), [int(t) for t in table[channel]]
        nodes = thresholds[:1]
        for t in range(live):
            nodes += [
                thresholds[(((bits << 1) | 1) << (live - 1 - t)) - 1] for bits in range(1 << t)
            ]
        found[1 << live if several else 0 :] = nodes
    return found
