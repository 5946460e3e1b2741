"""Where the weights of a bank lie: the row of ``elements`` weights that a spike, or a word, adds."""

from __future__ import annotations

from spikeloom.plan import Stage
from spikeloom.rows import weight_rows


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
