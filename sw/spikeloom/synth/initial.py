"""Initial contents of memories, in blocks that Yosys reads fast: it takes four times as long for twice as many lines of one block."""

from __future__ import annotations

import re

LINES = 256
"""Of a block. 8,192 rows took 18 s in one block, 1.7 s in blocks of 256."""

ROW = re.compile(r" *\S+\[\d+\] = \d+'h[0-9a-fx]+;")
"""One row of a memory, as the emitted Verilog sets it."""


def in_blocks(verilog: str) -> str:
    """The same Verilog, long initial blocks cut into several."""
    found, rows = [], 0
    for line in verilog.split("\n"):
        rows = rows + 1 if ROW.fullmatch(line) else 0
        if rows and rows % LINES == 0:
            line += "\n  end\n  initial begin"
        found.append(line)
    return "\n".join(found)
