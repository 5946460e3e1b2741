"""Initial contents of memories, in blocks that Yosys reads fast: its time grows with the square of
the lines of one block.
"""

from __future__ import annotations

import re

LINES = 256
"""Of a block."""

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
