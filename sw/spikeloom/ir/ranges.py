"""What sums of weights can reach."""

from __future__ import annotations

import numpy as np

from spikeloom.ir.number import Code, Ints


def reach(weight: Ints, code: Code) -> tuple[Ints, Ints]:
    """(O,) lowest and highest accumulator over all inputs of a format (0, and so padding, is one of
    them).
    """
    up = np.maximum(weight, 0).sum(axis=(1, 2, 3))
    down = np.minimum(weight, 0).sum(axis=(1, 2, 3))
    return up * code.min_value + down * code.max_value, up * code.max_value + down * code.min_value
