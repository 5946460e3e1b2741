"""One small convolutional network for 32 x 32 x 3 inputs of 8 bits in two kinds of neuron, to
compare SpikePack and LIF at the same T.

16c3-32c3-64c3-10, stride 2, padding 1: weights of 4 bits, the same layers, norms and classifier on
both sides; 0.7 M multiply-accumulates.
"""

from __future__ import annotations

from collections import OrderedDict

from torch.nn import BatchNorm1d, BatchNorm2d, Flatten, Module, Sequential

from spikeloom import nn
from spikeloom.train.zoo.blocks import Named, classifier, conv

_BITS = 4
_WIDTHS = (16, 32, 64)
_FEATURES = _WIDTHS[-1] * 4 * 4


def spikepack(steps: int) -> Module:
    """SpikePack neurons of T = ``steps``."""
    parts: list[Named] = [("quant", nn.QuantInput(8))]
    inputs = 3
    for number, width in enumerate(_WIDTHS):
        parts += conv(
            f"conv{number + 1}", inputs, width, bits=_BITS, steps=steps, padding=1, stride=2
        )
        inputs = width
    return Sequential(
        OrderedDict([*parts, ("flatten", Flatten()), *classifier("fc", _FEATURES, bits=_BITS)])
    )


def lif(steps: int) -> Module:
    """LIF neurons of T = ``steps``: the image's currents are the same in every time step, the
    classifier's are summed.
    """
    parts: list[Named] = [("quant", nn.QuantInput(8))]
    inputs = 3
    for number, width in enumerate(_WIDTHS):
        layer = nn.QuantConv2d(
            inputs, width, 3, stride=2, padding=1, weight_bits=_BITS, power_of_two=True
        )
        drive = OrderedDict[str, Module](conv=layer, norm=BatchNorm2d(width))
        parts.append((f"drive{number + 1}", nn.Steps(drive) if number else Sequential(drive)))
        parts.append(
            (
                f"lif{number + 1}",
                nn.LIF(steps, leak=2, repeat=not number, surrogate="rectangle", power_of_two=True),
            )
        )
        inputs = width
    fc = nn.QuantLinear(_FEATURES, 10, weight_bits=_BITS, power_of_two=True)
    readout = nn.Steps(OrderedDict[str, Module](flatten=Flatten(), fc=fc))
    return Sequential(
        OrderedDict(
            [*parts, ("readout", readout), ("sum", nn.SumSteps()), ("fc_norm", BatchNorm1d(10))]
        )
    )
