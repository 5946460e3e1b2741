"""Where the weights of a bank lie: the row of ``elements`` weights that a spike, or a word, adds."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory, ReadPort, WritePort
from spikeloom.plan import Stage
from spikeloom.rows import weight_rows


class Weights(wiring.Component):
    """A memory of weights as a module of its own, whose borders are registers.

    Its columns share parts of their address. A synthesis that maps it together with the adders behind it makes LUTs of these parts, and
    took up to 2.3 LUTs where one holds 64 rows; mapped alone it takes one (Yosys with ABC9).

    Parameters
    ----------
    rows: what it holds at first, ``width`` bits each. style: attributes of the memory.
    """

    def __init__(self, rows: Sequence[int], width: int, style: dict[str, str]):
        self.memory = Memory(shape=width, depth=len(rows), init=rows, attrs=style)
        super().__init__({})

    def read_port(self) -> ReadPort:
        return self.memory.read_port()

    def write_port(self) -> WritePort:
        return self.memory.write_port()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = self.memory
        return m


def bank_rows(stage: Stage, bank: int) -> list[int]:
    """Memory rows of one bank (see :func:`spikeloom.rows.weight_rows`) as unsigned integers, the first weight in the lowest bits.

    Where all are +1 or -1, a one is +1.
    """
    width, rows = stage.stored_width, weight_rows(stage, bank)
    mask = (1 << width) - 1
    if stage.binary:
        rows = rows > 0
    found = [sum((int(w) & mask) << (i * width) for i, w in enumerate(row)) for row in rows]
    return found if stage.zero_row is None else [*found, 0]


STYLES = {
    (False, "lut"): {"ram_style": "registers", "rom_style": "distributed"},
    (False, "block"): {"rom_style": "block"},
    (True, "lut"): {"ram_style": "distributed"},
    (True, "block"): {"ram_style": "block"},
}
"""By whether weights are loaded at run time, and what they lie in. Yosys has no distributed memory that nothing writes: it takes
``ram_style`` first, under which it builds logic, and Vivado looks at ``rom_style`` for what is never written."""


def memory_style(stage: Stage) -> dict[str, str]:
    """Attributes of the weight memories of a stage; none where the synthesis chooses."""
    return dict(STYLES.get((stage.room is not None, stage.folding.weights), {}))
