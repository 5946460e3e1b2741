"""The neurons: what happens to a drive at the end of a layer, one class per kind.

What other stages make of a neuron is in one table per stage, by its class; ``docs`` has the list
under "A neuron".
"""

from __future__ import annotations

from spikeloom.ir.neurons.lif import LIF
from spikeloom.ir.neurons.neuron import Neuron, Neurons, Parameter, per_channel
from spikeloom.ir.neurons.raw import Raw
from spikeloom.ir.neurons.spikepack import SpikePack
from spikeloom.ir.neurons.thresholds import Thresholds

__all__ = [
    "LIF",
    "NEURONS",
    "Neuron",
    "Neurons",
    "Parameter",
    "Raw",
    "SpikePack",
    "Thresholds",
    "per_channel",
]

NEURONS: dict[str, type[Neuron]] = {
    neuron.kind: neuron
    for neuron in (
        SpikePack,
        Thresholds,
        LIF,
        Raw,
    )
}
"""Every neuron by its name in files."""
