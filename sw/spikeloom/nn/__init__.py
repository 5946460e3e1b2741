"""Layers and neurons to build a SpikeLoom network from, next to torch's own BatchNorm, MaxPool2d,
AvgPool2d, Flatten and ReLU.

nn.QuantInput(bits=4), nn.QuantConv2d(1, 16, 3, weight_bits=4), BatchNorm2d(16),
nn.SpikePack(steps=4), ...
"""

from spikeloom.nn.configure import PerLayer, configure
from spikeloom.nn.layers import QuantConv2d, QuantInput, QuantLinear
from spikeloom.nn.lif import IF, LIF
from spikeloom.nn.neuron import Neuron
from spikeloom.nn.sparsity import density, spike_penalty
from spikeloom.nn.spikepack import SpikePack
from spikeloom.nn.steps import Add, Events, Steps, SumSteps

__all__ = [
    "IF",
    "LIF",
    "Add",
    "Events",
    "Neuron",
    "PerLayer",
    "QuantConv2d",
    "QuantInput",
    "QuantLinear",
    "SpikePack",
    "Steps",
    "SumSteps",
    "configure",
    "density",
    "spike_penalty",
]
