"""Initial blocks are cut where they are long, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from spikeloom.backend.yosys.batches import source
from spikeloom.backend.yosys.initial_values import LINES, in_blocks
from spikeloom.backend.yosys.split import split
from spikeloom_hw.verilog import converted


class Table(wiring.Component):
    def __init__(self, rows: list[int]):
        self.rows = rows
        super().__init__({"address": In(range(len(rows))), "data": Out(9)})

    def elaborate(self, platform: object) -> Module:
        m, held = Module(), Signal(9, init=5)
        m.submodules.memory = memory = Memory(shape=9, depth=len(self.rows), init=self.rows)
        port = memory.read_port()
        m.d.comb += port.addr.eq(self.address)
        m.d.sync += held.eq(port.data)
        m.d.comb += self.data.eq(held)
        return m


@pytest.mark.parametrize("depth", [2, LINES - 1, LINES, LINES + 1, 3 * LINES + 7])
def test_every_row_stays(depth: int) -> None:
    text = converted(
        Table([int(v) for v in np.random.default_rng(depth).integers(0, 512, depth)]), "table"
    )
    made = in_blocks(text)
    assert made.replace("\n  end\n  initial begin", "") == text
    assert made.count("initial begin") - text.count("initial begin") == depth // LINES
    blocks = made.split("initial begin")[1:]
    assert max(block[: block.index("  end")].count("memory[") for block in blocks) == min(
        depth, LINES
    )


def test_that_is_what_yosys_reads() -> None:
    ((name, module),) = split([converted(Table(list(range(LINES + 1))), "table")]).items()
    assert (
        name == "table"
        and in_blocks(module.verilog) in source([module])
        and in_blocks(module.verilog) != module.verilog
    )
