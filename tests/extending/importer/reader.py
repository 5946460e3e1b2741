"""Networks in a NumPy archive: ``steps``, and integer matrices ``layer0``, ``layer1`` ... of shape
(outputs, inputs). Behind each but the last, a quarter of the sum, rounded down, is the next word.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.exact import Linear, Quantizer, Source, SourceLayer, constants
from spikeloom.ir.nodes import Input
from spikeloom.ir.number import Code
from spikeloom.ir.staircase import Cuts


def read_source(path: Path) -> Source:
    """Raises SpikeLoomError where it is no such archive."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = dict(archive)
        code = Code(int(arrays["steps"]))
        weights = [arrays[f"layer{k}"] for k in range(len(arrays) - 1)]
    except (OSError, ValueError, KeyError) as error:
        raise SpikeLoomError(
            f"{path}: expected 'steps' and 'layer0', 'layer1' ... in a NumPy archive ({error})"
        ) from error
    inputs = weights[0].shape[1]
    nodes: list[Input | SourceLayer] = [Input("x", (inputs, 1, 1), (inputs,), code)]
    for k, weight in enumerate(weights):
        count, last = len(weight), k == len(weights) - 1
        one, zero = constants(1, count), constants(0, count)
        sums = Linear(f"layer{k}", nodes[-1].name, weight[:, :, None, None].astype(np.int64))
        grid = np.arange(1, code.max_value + 1)[None]
        cuts = Cuts.rising(grid, np.zeros_like(grid, dtype=bool), 4 * one, zero)
        step = Quantizer(f"layer{k}", code, cuts, one, zero)
        nodes.append(SourceLayer(sums, one, zero, None, None, (), None if last else step))
    return Source(path.stem, tuple(nodes), constants(1, count), constants(0, count))
