"""Numbers of channels in memories that are read in the same cycle: biases, signs, thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth import Module, Signal, Value
from amaranth.hdl import ValueLike
from amaranth.lib.memory import Memory

from .loading import Chain


@dataclass(frozen=True)
class Place:
    """Which channels are worked on: those of a group of a fold.

    ``units`` channels are worked on side by side, in ``groups`` groups of each of ``folds`` folds.
    """

    folds: int
    groups: int
    units: int
    fold: Value
    group: Value


class Parameters:
    """Tables of numbers, and what fills them where they can be loaded (``chain``)."""

    def __init__(self, m: Module, chain: Chain | None):
        self.m, self.chain = m, chain

    def rows(
        self, name: str, rows: Sequence[Sequence[int]], width: int, index: ValueLike
    ) -> list[Value]:
        """A row of signed integers, ``width`` bits each, of a table; constants where all rows are
        alike and none can be loaded.
        """
        m, mask, count = self.m, (1 << width) - 1, len(rows[0])
        words = [sum((int(v) & mask) << (i * width) for i, v in enumerate(row)) for row in rows]
        data = Signal(width * count, name=f"{name}_data")
        if self.chain is None and len(set(words)) == 1:
            m.d.comb += data.eq(words[0])
        else:
            words += [0] * (2 - len(words)) if self.chain is not None else []
            m.submodules[name] = memory = Memory(shape=width * count, depth=len(words), init=words)
            port = memory.read_port(domain="comb")
            m.d.comb += [port.addr.eq(index), data.eq(port.data)]
            if self.chain is not None:
                loader, write = self.chain.loader(name, words, width * count), memory.write_port()
                m.d.comb += [
                    write.addr.eq(loader.row),
                    write.data.eq(loader.value),
                    write.en.eq(loader.write),
                ]
        return [data[i * width : (i + 1) * width].as_signed() for i in range(count)]

    def by_channel(
        self,
        name: str,
        values: np.ndarray,
        width: int,
        place: Place,
        index: ValueLike,
    ) -> list[Value]:
        """The numbers with an index of the channels in work; values: (channels, indices)."""
        inner = values.shape[1]
        rows = values.reshape(-1, place.units, inner).transpose(0, 2, 1).reshape(-1, place.units)
        address = Signal(range(max(2, len(rows))), name=f"{name}_address")
        self.m.d.comb += address.eq((place.fold * place.groups + place.group) * inner + index)
        return self.rows(name, rows.tolist(), width, address)
