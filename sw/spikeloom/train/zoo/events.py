"""Networks for event frames (N, 8, 2, 12, 12), one body in two kinds of neuron: SpikePack and
LIF.
"""

from __future__ import annotations

from collections import OrderedDict

from torch.nn import BatchNorm2d, Flatten, MaxPool2d, Module, Sequential

from spikeloom import nn
from spikeloom.train.data.events import FRAMES, SIZE

_HIDDEN = (16, 32)
_FEATURES = _HIDDEN[1] * (SIZE // 4) ** 2


def spikepack() -> Module:
    """The frames of a pixel are the planes of one packed word; the layers behind work with T =
    4.
    """
    return Sequential(
        OrderedDict(
            pack=nn.Events(FRAMES),
            conv1=nn.QuantConv2d(2, _HIDDEN[0], 3, padding=1, power_of_two=True),
            norm1=BatchNorm2d(_HIDDEN[0]),
            spike1=nn.SpikePack(4, power_of_two=True),
            pool1=MaxPool2d(2),
            conv2=nn.QuantConv2d(_HIDDEN[0], _HIDDEN[1], 3, padding=1, power_of_two=True),
            norm2=BatchNorm2d(_HIDDEN[1]),
            spike2=nn.SpikePack(4, power_of_two=True),
            pool2=MaxPool2d(2),
            flatten=Flatten(),
            fc=nn.QuantLinear(_FEATURES, 10, power_of_two=True),
        )
    )


def lif() -> Module:
    """Every layer runs once per frame; the classifier's currents are summed over the frames."""
    conv1 = nn.QuantConv2d(2, _HIDDEN[0], 3, padding=1, power_of_two=True)
    conv2 = nn.QuantConv2d(_HIDDEN[0], _HIDDEN[1], 3, padding=1, power_of_two=True)
    fc = nn.QuantLinear(_FEATURES, 10, power_of_two=True)
    return Sequential(
        OrderedDict(
            block1=nn.Steps(OrderedDict(conv=conv1, norm=BatchNorm2d(_HIDDEN[0]))),
            lif1=nn.LIF(FRAMES, leak=2, surrogate="rectangle", power_of_two=True),
            block2=nn.Steps(
                OrderedDict(pool=MaxPool2d(2), conv=conv2, norm=BatchNorm2d(_HIDDEN[1]))
            ),
            lif2=nn.LIF(FRAMES, leak=2, surrogate="rectangle", power_of_two=True),
            readout=nn.Steps(OrderedDict(pool=MaxPool2d(2), flatten=Flatten(), fc=fc)),
            sum=nn.SumSteps(),
        )
    )
