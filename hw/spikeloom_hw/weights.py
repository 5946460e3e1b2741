"""Where the weights of a bank lie: the row of ``elements`` weights that a spike, or a word, adds."""

from __future__ import annotations

import numpy as np
from spikeloom.code import Ints
from spikeloom.graph import Layer
from spikeloom.plan import Stage


def ordered(stage: Stage) -> Ints:
    """Weights in the order of work: (folds, elements, taps, words, group); depthwise (folds, elements, taps, 1, 1)."""
    assert isinstance(stage.layer, Layer)
    f, weight = stage.folding, stage.layer.weight
    taps = stage.layer.kernel[0] * stage.layer.kernel[1]
    group = 1 if f.body == "depthwise" else f.group
    return np.moveaxis(weight.reshape(stage.folds, f.elements, stage.words, group, taps), 4, 2)


def bank_rows(stage: Stage, bank: int) -> list[int]:
    """Memory rows of one bank as unsigned integers, element 0 in the lowest bits.

    Event: one row per (fold, tap, word, flag of the bank). Dense and parallel: one row per (fold, tap, word) with ``group * elements``
    weights, channel by channel. Depthwise: one row per (fold, tap).
    Where all are +1 or -1, a one is +1.
    """
    f, width = stage.folding, stage.stored_width
    weights = ordered(stage)
    if f.body == "event":
        part = f.group // f.banks
        own = list(stage.dealt[bank * part : (bank + 1) * part])
        rows = np.moveaxis(weights[..., own], 1, -1).reshape(-1, f.elements)
    else:
        rows = np.moveaxis(weights, 1, -1).reshape(stage.folds * stage.pass_words, -1)
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
