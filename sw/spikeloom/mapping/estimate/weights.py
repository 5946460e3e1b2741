"""What the weights of a stage lie in."""

from __future__ import annotations

from spikeloom.mapping.estimate.memories import Memory, loaded, table
from spikeloom.mapping.plan.stage import Stage


def weight_bits(stage: Stage) -> int:
    """Bits of a weight that are not the same in all of them."""
    return stage.synapses.weight_bits if stage.room is None else stage.weight_width


def fixed(stage: Stage) -> bool:
    """Whether every element has a single input, and that one weight, which is then no memory."""
    alone = stage.body.by_channel and stage.folds * stage.pass_words == 1
    return stage.body.adds and alone and stage.room is None


def weight_shape(stage: Stage) -> tuple[int, int]:
    """Bits and rows of one memory of weights. Of weights that are fixed, bits that never change are
    no memory.
    """
    s = stage
    rows = s.bank_rows + (s.zero_row is not None) if s.body.skips else s.folds * s.pass_words
    width = weight_bits(s) * s.row_weights
    return width, rows if s.room is None else max(2, rows)


def weight_count(stage: Stage) -> int:
    """Memories of weights that can be loaded."""
    return stage.folding.banks * (stage.folding.windows if stage.body.skips else 1)


def weights(stage: Stage) -> Memory:
    """Weight memories of all banks, and of all windows where they can be loaded."""
    f, (width, rows) = stage.folding, weight_shape(stage)
    if stage.room is not None:
        return loaded(width, rows, f.ports, f.weights) * weight_count(stage)
    readers = f.ports * f.windows if stage.body.skips else 1
    return table(width, rows, readers, kind=f.weights) * f.banks
