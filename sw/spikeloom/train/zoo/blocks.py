"""What the larger networks are made of: a layer is a convolution or product, batch norm and a
SpikePack neuron.

Weight scales and thresholds are powers of two, so that every neuron stays a serial one.
"""

from __future__ import annotations

from torch.nn import BatchNorm1d, BatchNorm2d, Module

from spikeloom import nn

Named = tuple[str, Module]


def conv(
    name: str,
    inputs: int,
    outputs: int,
    *,
    bits: int,
    steps: int,
    padding: int = 0,
    stride: int = 1,
    kernel: int = 3,
) -> list[Named]:
    """(N, inputs, H, W) to words (N, outputs, H', W'); modules ``name``, ``name_norm``,
    ``name_spike``.
    """
    layer = nn.QuantConv2d(
        inputs, outputs, kernel, stride=stride, padding=padding, weight_bits=bits, power_of_two=True
    )
    return [
        (name, layer),
        (f"{name}_norm", BatchNorm2d(outputs)),
        (f"{name}_spike", nn.SpikePack(steps, power_of_two=True)),
    ]


def linear(name: str, inputs: int, outputs: int, *, bits: int, steps: int) -> list[Named]:
    """(N, inputs) to words (N, outputs)."""
    layer = nn.QuantLinear(inputs, outputs, weight_bits=bits, power_of_two=True)
    return [
        (name, layer),
        (f"{name}_norm", BatchNorm1d(outputs)),
        (f"{name}_spike", nn.SpikePack(steps, power_of_two=True)),
    ]


def classifier(name: str, inputs: int, outputs: int = 10, *, bits: int) -> list[Named]:
    """(N, inputs) to (N, outputs), without a neuron. The norm gives narrow weights a scale that a
    softmax can work with.
    """
    return [
        (name, nn.QuantLinear(inputs, outputs, weight_bits=bits, power_of_two=True)),
        (f"{name}_norm", BatchNorm1d(outputs)),
    ]
