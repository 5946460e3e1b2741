"""What Yosys makes of a memory: block RAM, LUTs that can be written, or logic. It takes what costs
least, by its own measure of cost.

The measure and its figures are those of ``memory_libmap`` and of Yosys' descriptions of the
memories of 7-series and UltraScale+: a block RAM of 18 kbit costs 129, four LUTs of memory 8, a bit
of a table in logic 1/64, a multiplexer between two rows of memories half a bit. Only memories with
a register at the output can be block RAM.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf

SIMPLE = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))
"""Width and depth of a block RAM with one port to read and one to write; one of 36 kbit is as deep,
and twice as wide.
"""

DUAL = SIMPLE[1:]
"""The same with two ports that both can read or write."""

HALF, FULL = 129, 257
"""Cost of a block RAM of 18 and of 36 kbit."""

BYTE = 9
"""Bits of a block RAM that have a write enable of their own."""


@dataclass(frozen=True)
class Slices:
    """LUTs as memory, with one port to write and one to read.

    Attributes
    ----------
    luts: taken at a time. shapes: bits and rows of so many. cost: of them in Yosys' measure;
        ``fixed``: the part of it that
    does not shrink where not all bits are used. three: what a bit of 64 rows with three ports to
        read costs, which takes four LUTs.
    ultra: whether there is UltraRAM.
    """

    luts: int
    shapes: tuple[tuple[int, int], ...]
    cost: float
    fixed: float
    three: float
    ultra: bool


SLICES = {
    "xc7": Slices(4, ((6, 32), (3, 64)), 8, 1, 7, False),
    "xcup": Slices(8, ((14, 32), (7, 64)), 16, 0, inf, True),
}

ULTRA = (72, 4096, 1024)
"""Width, depth and cost of an UltraRAM; it cannot hold anything at first."""


TABLE_EXTRA = 3
"""What a table in block RAM costs beside the blocks."""


@dataclass(frozen=True)
class Memory:
    """LUTs of memory, LUTs of logic, registers at the output (in block RAM they are inside), block
    RAMs of 18 kbit, UltraRAMs.
    """

    lutram: int = 0
    logic: int = 0
    ff: int = 0
    bram18: int = 0
    uram: int = 0

    def __add__(self, other: Memory) -> Memory:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Memory(*(a + b for a, b in pairs))

    def __mul__(self, count: int) -> Memory:
        return Memory(*(value * count for value in vars(self).values()))


def logic(width: int, depth: int) -> int:
    """LUTs of a table of ``depth`` rows that is no memory: one per 64 bits of a column, and
    multiplexers between them.

    Up to 256 rows these are the wide ones beside the LUTs, which choose of two or of four; beyond,
    more LUTs choose of four. A last row that is alone in its 64 takes none.
    """
    if depth <= 2:
        return 0
    parts = ceil((depth - (depth % 64 == 1)) / 64)
    return width * (1 << (parts - 1).bit_length() if parts <= 4 else parts + ceil((parts - 1) / 3))


def blocks(
    width: int, depth: int, shapes: tuple[tuple[int, int], ...], written: bool
) -> tuple[float, int]:
    """Cost by Yosys' measure, and block RAMs of 18 kbit. Rows of blocks lie side by side in one
    that is wide enough.
    """
    aligned = -(-width // BYTE) * BYTE if written and width > BYTE else width
    found = []
    for wide, deep in shapes:
        rows = ceil(depth / deep)
        between = (width + written) * (rows - 1) / 2
        found.append((HALF * ceil(rows * aligned / wide) + between, ceil(rows * aligned / wide)))
        found.append(
            (FULL * ceil(rows * aligned / wide / 2) + between, 2 * ceil(rows * aligned / wide / 2))
        )
    return min(found)


def table(
    width: int, depth: int, readers: int = 1, registered: bool = True, kind: str = "auto"
) -> Memory:
    """A memory that is never written. ``registered``: it answers one cycle later, each reader on
    its own. ``kind``: as in a folding.
    """
    if depth == 1 and kind != "block":
        return Memory(ff=readers * registered)
    in_logic = Memory(logic=logic(width, depth) * readers, ff=width * readers if registered else 0)
    if not registered:
        return in_logic
    cost, count = blocks(width, depth, SIMPLE if readers == 1 else DUAL, written=False)
    copies = ceil(readers / 2)
    small = width * depth / 64 <= cost * copies + TABLE_EXTRA
    return (
        in_logic if kind == "lut" or (kind == "auto" and small) else Memory(bram18=count * copies)
    )


def storage(
    width: int, depth: int, readers: int = 1, registered: bool = True, family: str = "xc7"
) -> Memory:
    """A memory with a port to write, and so many to read, each with a copy of its own."""
    cost, luts = slices_for(width, depth, readers, SLICES[family])
    if not registered:
        return Memory(lutram=luts)
    block, count = blocks(width, depth, SIMPLE, written=True)
    if cost <= block * readers:
        return Memory(lutram=luts, ff=width * readers)
    wide, deep, price = ULTRA
    ultra = ceil(width / wide) * ceil(depth / deep)
    if SLICES[family].ultra and ultra * price < block:
        return Memory(uram=ultra * readers)
    return Memory(bram18=count * readers)


def slices_for(width: int, depth: int, readers: int, slices: Slices) -> tuple[float, int]:
    """By Yosys' measure, and in LUTs: a copy per reader, or one per three of them."""
    cost, luts = min(slice_cost(width, depth, shape, slices) for shape in slices.shapes)
    rows, copies = ceil(depth / 64), ceil(readers / 3)
    between = (width * readers + copies) * (rows - 1) / 2
    return min(
        (cost * readers, luts * readers),
        (slices.three * width * rows * copies + between, 4 * width * rows * copies),
    )


def slice_cost(width: int, depth: int, shape: tuple[int, int], slices: Slices) -> tuple[float, int]:
    """By Yosys' measure, and in LUTs: as many rows of slices as the depth takes, and multiplexers
    between them.
    """
    wide, deep = shape
    rows, used, rest = ceil(depth / deep), width // wide, width % wide
    partly = slices.fixed + (slices.cost - slices.fixed) * rest / wide if rest else 0
    return rows * (slices.cost * used + partly) + (width + 1) * (
        rows - 1
    ) / 2, slices.luts * rows * ceil(width / wide)


def loaded(width: int, depth: int, readers: int, kind: str = "auto") -> Memory:
    """A memory that is written through the address of its first reader, and answers one cycle
    later. Another one has its own port.
    """
    rows, luts = ceil(depth / 64), width * ceil(depth / 64) * readers
    block, count = blocks(width, depth, SIMPLE if readers == 1 else DUAL, written=True)
    small = 2 * luts + (width * readers + 1) * (rows - 1) / 2 <= block
    if kind == "lut" or (kind == "auto" and small):
        return Memory(lutram=luts, ff=width * readers)
    return Memory(bram18=count)
