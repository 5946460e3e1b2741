"""The proof: every neuron is fired just below and at every step of its source's staircase.

Source and neuron are both monotone in the accumulator, so agreement on the two sides of every step, at every value of the
residual, is agreement on the whole reachable range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeloom.code import Ints
from spikeloom.errors import SpikeLoomError
from spikeloom.graph import Layer
from spikeloom.neuron import LIF, Raw, SpikePack
from spikeloom.staircase import Staircase


@dataclass(frozen=True)
class Proof:
    """What was shown for one layer.

    Attributes
    ----------
    method: "plain" (serial neuron), "tie" (some channels clear a last spike on ties), "table" (threshold table),
        "exact" (no neuron: the sum itself), "frozen" (IF and LIF: the integers are the definition, nothing is claimed about the floats).
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
    if isinstance(neuron, (LIF, Raw)):
        raise SpikeLoomError(f"{layer.name}: only SpikePack and table neurons have a staircase")
    u = (m << layer.shift) + layer.kappa[:, None] * x + layer.beta[:, None]
    words = neuron.fire(np.ascontiguousarray(u.T)[:, :, None, None])[:, :, 0, 0].T
    return words ^ neuron.code.sign_bit


def _differs(layer: Layer, stairs: Staircase, index: int) -> Ints:
    """(C,) number of steps that the neuron misses at the residual's value ``skip_values[index]``."""
    steps = stairs.steps[:, :, index]
    low, high = stairs.low[:, None], stairs.high[:, None]
    x = np.broadcast_to(stairs.skip_values[index], steps.shape)
    wanted = np.arange(1, steps.shape[1] + 1)
    late = (ranks(layer, np.minimum(steps, high), x) < wanted) & (steps <= high)
    early = (ranks(layer, np.maximum(steps - 1, low), x) >= wanted) & (steps > low)
    return np.asarray((late | early).sum(axis=1), dtype=np.int64)


def prove(layer: Layer, stairs: Staircase) -> Proof:
    """Check one layer against its source. Raises SpikeLoomError naming the layer and the first channel that differs."""
    if isinstance(layer.neuron, (LIF, Raw)):
        raise SpikeLoomError(f"{layer.name}: only SpikePack and table neurons have a staircase")
    alive = ~stairs.constant
    if not np.array_equal(layer.negate[alive], stairs.negate[alive]):
        raise SpikeLoomError(f"{layer.name}: proof failed, a channel has the wrong sign")
    checked = stairs
    if not alive.all():  # their weights are zero, so that v = 0 is all there is
        checked = Staircase(
            np.where(alive[:, None, None], stairs.steps, np.where(stairs.steps <= stairs.low[:, None, None], 0, 1)),
            np.where(alive, stairs.low, 0),
            np.where(alive, stairs.high, 0),
            stairs.negate,
            stairs.kappa,
            stairs.skip_values,
        )
    for index in range(len(stairs.skip_values)):
        wrong = _differs(layer, checked, index)
        if wrong.any():
            c = int(wrong.argmax())
            raise SpikeLoomError(f"{layer.name}: proof failed, channel {c} misses {wrong[c]} steps at residual {stairs.skip_values[index]}")
    neuron = layer.neuron
    method = ("tie" if neuron.tie.any() else "plain") if isinstance(neuron, SpikePack) else "table"
    return Proof(layer.name, len(stairs.low), stairs.steps.size, method, layer.shift)
