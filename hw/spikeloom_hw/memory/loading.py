"""Weights at run time: a chain of memories that is filled by one stream of 32-bit words.

load ──► loader ──► loader ──► ... ──► end
           │          │
         memory     memory

Every loader takes what its memory holds, row by row, and hands on the rest. So the stream is the
memories' contents one after the other, and what comes out at the end says that all of them are
full.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from amaranth import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

CHUNK = 32
"""Bits of a word of the load stream."""

LINK = wiring.Signature({"start": Out(1), "valid": Out(1), "data": Out(CHUNK)})
"""One step of the chain. ``start``: a new load begins, its first word comes in a later cycle. No
ready: a loader takes a word a cycle.
"""

LOAD_PORTS = {"load_i": In(LINK), "load_o": Out(LINK)}


def chunks(width: int) -> int:
    """Words of the load stream that one row takes, lowest bits first."""
    return -(-width // CHUNK)


class Loader(wiring.Component):
    """Fills one memory from the chain.

    Timing: a row is written one cycle after its last word; a word that is not for this memory
    leaves one cycle after it came.

    Parameters
    ----------
    depth, width: rows and bits of a row.

    Ports
    -----
    i, o: the chain. write, row, value: the memory's write port.
    """

    def __init__(self, *, depth: int, width: int):
        if depth < 1 or width < 1:
            raise ValueError(f"depth and width must be 1 or more, got {depth} and {width}")
        self.depth, self.width = depth, width
        super().__init__(
            {
                "i": In(LINK),
                "o": Out(LINK),
                "write": Out(1),
                "row": Out(range(max(2, depth))),
                "value": Out(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = chunks(self.width)
        held, chunk, full = Signal(count * CHUNK), Signal(range(max(2, count))), Signal()
        last = chunk == count - 1
        m.d.comb += self.value.eq(held)
        m.d.sync += [
            self.write.eq(0),
            self.o.start.eq(self.i.start),
            self.o.valid.eq(self.i.valid & full),
            self.o.data.eq(self.i.data),
        ]
        with m.If(self.i.valid & ~full):
            m.d.sync += [
                held.eq((held >> CHUNK) | (self.i.data << ((count - 1) * CHUNK))),
                chunk.eq(Mux(last, 0, chunk + 1)),
                self.write.eq(last),
            ]
        with m.If(self.write):
            m.d.sync += self.row.eq(self.row + 1)
        with m.If(self.i.valid & ~full & last & (self.row + self.write == self.depth - 1)):
            m.d.sync += full.eq(1)
        with m.If(self.i.start):
            m.d.sync += [self.row.eq(0), chunk.eq(0), full.eq(0)]
        return m


@dataclass(frozen=True)
class Contents:
    """What one memory of the chain holds: rows as unsigned integers of ``width`` bits."""

    name: str
    width: int
    rows: tuple[int, ...]


class Chain:
    """Strings loaders together while a component with ``load_i`` and ``load_o`` is elaborated.

    ``contents`` lists the memories in the order of the stream, with what they hold at first.
    """

    def __init__(self, m: Module, component: wiring.Component):
        self.m, self.last, self.component = m, component.load_i, component
        self.contents: list[Contents] = []

    def loader(self, name: str, rows: Sequence[int], width: int) -> Loader:
        """The next loader of the chain, for a memory with these rows."""
        self.contents.append(Contents(name, width, tuple(rows)))
        self.m.submodules[f"{name}_loader"] = loader = Loader(depth=len(rows), width=width)
        self.hand(self.last, loader.i)
        self.last = loader.o
        return loader

    def close(self) -> None:
        """What is left goes to the next component."""
        self.hand(self.last, self.component.load_o)

    def hand(self, o: wiring.PureInterface, i: wiring.PureInterface) -> None:
        self.m.d.comb += [i.start.eq(o.start), i.valid.eq(o.valid), i.data.eq(o.data)]


def load_stream(contents: Sequence[Contents]) -> npt.NDArray[np.uint32]:
    """The words that fill these memories, and the one that says that all of them are full."""
    words = [
        row >> (CHUNK * k) & 0xFFFF_FFFF
        for c in contents
        for row in c.rows
        for k in range(chunks(c.width))
    ]
    return np.array([*words, 0], dtype=np.uint32)
