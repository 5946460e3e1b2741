"""The proof: every neuron is fired just below and at every step of its source's staircase.

Source and neuron are both monotone in the accumulator, so agreement on the two sides of every step,
at every value of the residual, is agreement on the whole reachable range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.nodes import Layer
from spikeloom.ir.number import Ints
from spikeloom.ir.staircase import BLOCK, Bools, Staircase, Tick, silent


@dataclass(frozen=True)
class Proof:
    """What was shown for one layer.

    Attributes
    ----------
    method: "plain" (serial neuron), "tie" (some channels clear a last spike on ties), "table"
        (threshold table), "exact" (no neuron: the sum itself), "frozen" (IF and LIF: the integers
        are the definition, nothing is claimed about the floats).
    steps: steps of the staircases that were checked, over all channels and values of the residual.
    """

    name: str
    channels: int
    steps: int
    method: str
    shift: int = 0


def ranks(layer: Layer, m: Ints, x: Ints) -> Ints:
    """Rank of the word in each channel: m (C, S) and x (C, S) to (C, S), by the golden neuron."""
    neuron = layer.neuron
    if neuron.code is None or not neuron.staircase:
        raise SpikeLoomError(f"{layer.name}: only SpikePack and table neurons have a staircase")
    u = (m << layer.shift) + layer.kappa[:, None] * x + layer.beta[:, None]
    return neuron.fire(u[None, :, :, None])[0, :, :, 0] ^ neuron.code.sign_bit


def _differs(layer: Layer, stairs: Staircase, part: slice) -> Bools:
    """(C, S * X) where the neuron misses one of the steps in ``part``, at each value of the
    residual.
    """
    values = stairs.skip_values
    steps = stairs.steps[:, part].reshape(len(stairs.low), -1)
    low, high = stairs.low[:, None], stairs.high[:, None]
    x = np.broadcast_to(np.tile(values, steps.shape[1] // len(values)), steps.shape)
    wanted = np.arange(1, stairs.steps.shape[1] + 1)[part].repeat(len(values))
    late = (ranks(layer, np.minimum(steps, high), x) < wanted) & (steps <= high)
    early = (ranks(layer, np.maximum(steps - 1, low), x) >= wanted) & (steps > low)
    return np.asarray(late | early)


def prove(layer: Layer, stairs: Staircase, tick: Tick = silent) -> Proof:
    """Check one layer against its source. Raises SpikeLoomError naming the layer and the first
    channel that differs.

    ``tick`` hears of the steps, over all channels, that have been checked at every value of the
    residual.
    """
    if not layer.neuron.staircase:
        raise SpikeLoomError(f"{layer.name}: only SpikePack and table neurons have a staircase")
    alive = ~stairs.constant
    if not np.array_equal(layer.negate[alive], stairs.negate[alive]):
        raise SpikeLoomError(f"{layer.name}: proof failed, a channel has the wrong sign")
    checked = stairs
    if not alive.all():  # their weights are zero, so that v = 0 is all there is
        checked = Staircase(
            np.where(
                alive[:, None, None],
                stairs.steps,
                np.where(stairs.steps <= stairs.low[:, None, None], 0, 1),
            ),
            np.where(alive, stairs.low, 0),
            np.where(alive, stairs.high, 0),
            stairs.negate,
            stairs.kappa,
            stairs.skip_values,
        )
    channels, count, values = stairs.steps.shape
    block = max(1, BLOCK // (channels * values))
    for first in range(0, count, block):
        part = slice(first, min(first + block, count))
        wrong = _differs(layer, checked, part)
        if wrong.any():
            c, at = (int(i) for i in np.argwhere(wrong)[0])
            step, x = first + 1 + at // values, stairs.skip_values[at % values]
            raise SpikeLoomError(
                f"{layer.name}: proof failed, channel {c} misses step {step} at residual {x}"
            )
        tick((part.stop - first) * channels)
    return Proof(layer.name, len(stairs.low), stairs.steps.size, layer.neuron.proof, layer.shift)


def unproven(layer: Layer) -> Proof:
    """The record of a layer without a staircase: exact as it is, or frozen."""
    return Proof(layer.name, int(layer.weight.shape[0]), 0, layer.neuron.proof, layer.shift)
