"""The weights of a stage in the order of work: what RTL and HLS keep in their memories, row by
row.
"""

from __future__ import annotations

import numpy as np

from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.plan import Stage


def ordered(stage: Stage) -> Ints:
    """Weights in the order of work: (folds, elements, taps, words, group); depthwise (folds,
    elements, taps, 1, 1).
    """
    f, weight = stage.folding, stage.synapses.weight
    taps = stage.layer.kernel[0] * stage.layer.kernel[1]
    group = 1 if stage.body.by_channel else f.group
    return np.moveaxis(weight.reshape(stage.folds, f.elements, stage.words, group, taps), 4, 2)


def weight_rows(stage: Stage, bank: int) -> Ints:
    """The rows of one bank, (rows, weights of a row).

    Event: one row per (fold, tap, word, flag of the bank), ``elements`` weights each. Dense and
    parallel: one row per (fold, tap, word), ``group * elements`` weights, channel by channel.
    Depthwise: one row per (fold, tap).
    """
    f, weights = stage.folding, ordered(stage)
    if stage.body.skips:
        part = f.group // f.banks
        own = list(stage.dealt[bank * part : (bank + 1) * part])
        return np.moveaxis(weights[..., own], 1, -1).reshape(-1, f.elements)
    return np.moveaxis(weights, 1, -1).reshape(stage.folds * stage.pass_words, -1)
