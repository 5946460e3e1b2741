"""Where the weights of a bank lie: the row of ``elements`` weights that a spike, or a word,
adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_

from amaranth import Cat, Const, Elaboratable, Module, Value
from amaranth.hdl import ValueLike
from amaranth.lib.memory import Memory
from spikeloom.mapping.plan.plan import Plan, Stage
from spikeloom.mapping.plan.weight_layout import weight_rows

from .outside import OutsideMemory

MOST_INSIDE = 1 << 22
"""Bits of weights that a network may have within its Verilog. With more, they lie in files."""


def weights_outside(plan: Plan) -> bool:
    """Whether the weights of a network lie in files beside its Verilog."""
    engines = [e for stage in plan.stages for e in (stage, stage.skip_stage) if e is not None]
    bits = sum(e.stored_width * e.synapses.weight.size for e in engines if e.body.adds)
    return bits > MOST_INSIDE


class Weights(Elaboratable):
    """A memory of weights as a module of its own, whose borders are registers.

    Its columns share parts of their address. A synthesis that maps it together with the adders
    behind it makes LUTs of these parts, beside those that hold 64 rows each; mapped alone it takes
    the latter only (Yosys with ABC9).

    Parameters
    ----------
    rows: what it holds at first, ``width`` bits each. style: attributes of the memory. written:
        whether it has a write port as well; where it has none, bits that are the same in all rows
        are no memory, and known outside. name: of the file that holds them; "" where the Verilog
        does. Raises ValueError for rows that do not fit.
    """

    def __init__(
        self,
        *,
        rows: Sequence[int],
        width: int,
        style: dict[str, str],
        written: bool,
        name: str = "",
    ):
        if width < 1 or not rows or not 0 <= min(rows) <= max(rows) < 1 << width:
            raise ValueError(
                f"weights: expected one row at least, of {width} bits, got {len(rows)} up to"
                f" {max(rows, default=0)}"
            )
        never, always = ~reduce(or_, rows), reduce(and_, rows)
        self.known = (
            {}
            if written
            else {k: (always >> k) & 1 for k in range(width) if (never | always) >> k & 1}
        )
        kept = [k for k in range(width) if k not in self.known]
        held = (
            rows
            if not self.known
            else [sum((row >> k & 1) << n for n, k in enumerate(kept)) for row in rows]
        )
        self.width, self.memory = width, None
        if kept and name:
            self.memory = OutsideMemory(name=name, width=len(kept), rows=held, style=style)
        elif kept:
            self.memory = Memory(shape=len(kept), depth=len(rows), init=held, attrs=style)

    def read(self, m: Module, row: ValueLike, enable: ValueLike) -> Value:
        """One row, one cycle later."""
        if self.memory is None:
            return Const(sum(bit << k for k, bit in self.known.items()), self.width)
        port = self.memory.read_port()
        m.d.comb += [port.addr.eq(row), port.en.eq(enable)]
        if not self.known:
            return port.data
        bits = iter(port.data)
        return Cat(
            Const(self.known[k], 1) if k in self.known else next(bits) for k in range(self.width)
        )

    def write(self, m: Module, row: ValueLike, value: ValueLike, enable: ValueLike) -> None:
        assert self.memory is not None
        port = self.memory.write_port()
        m.d.comb += [port.addr.eq(row), port.data.eq(value), port.en.eq(enable)]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if self.memory is not None:
            m.submodules.memory = self.memory
        return m


def bank_rows(stage: Stage, bank: int) -> list[int]:
    """Memory rows of one bank (see :func:`spikeloom.mapping.plan.weight_layout.weight_rows`) as
    unsigned integers, the first weight in the lowest bits.

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
"""By whether weights are loaded at run time, and what they lie in. Yosys has no distributed memory
that nothing writes: it takes ``ram_style`` first, under which it builds logic, and Vivado looks at
``rom_style`` for what is never written.
"""


def memory_style(stage: Stage) -> dict[str, str]:
    """Attributes of the weight memories of a stage; none where the synthesis chooses."""
    return dict(STYLES.get((stage.room is not None, stage.folding.weights), {}))
