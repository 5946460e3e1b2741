"""Initial blocks are cut where they are long, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from spikeloom.boards import find_board
from spikeloom.errors import SpikeLoomError
from spikeloom.synth import resources
from spikeloom.synth.initial import LINES, in_blocks
from spikeloom_hw.convert import converted


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
    text = converted(Table([int(v) for v in np.random.default_rng(depth).integers(0, 512, depth)]), "table")
    made = in_blocks(text)
    assert made.replace("\n  end\n  initial begin", "") == text
    assert made.count("initial begin") - text.count("initial begin") == depth // LINES
    blocks = made.split("initial begin")[1:]
    assert max(block[: block.index("  end")].count("memory[") for block in blocks) == min(depth, LINES)


def test_that_is_what_yosys_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def run(work: Path, name: str, script: str, log: Path) -> None:
        found.extend((work / source).read_text() for source in resources.SOURCES)
        raise SpikeLoomError("enough")

    monkeypatch.setattr(resources.yosys, "run", run)
    text = converted(Table(list(range(LINES + 1))), "table")
    with pytest.raises(SpikeLoomError, match="enough"):
        resources.run(tmp_path, find_board("pynq-z2"), "", [text, "module shell;"], resources.silent)
    assert found == [in_blocks(text), "module shell;"] and found[0] != text
