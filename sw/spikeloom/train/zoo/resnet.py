"""A residual network for 32 x 32 x 3 inputs of 8 bits: a stem and three stages of one block, 12.5 M
multiply-accumulates.

A shortcut carries words: where width and size change it is a convolution with a neuron of its own.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor
from torch.nn import AvgPool2d, BatchNorm2d, Flatten, Module, Sequential

from spikeloom import nn
from spikeloom.train.zoo.blocks import classifier, conv

_WIDTHS = (16, 32, 64)


class Block(Module):
    """Two 3 x 3 convolutions and a shortcut; the first convolution halves the size where the width
    grows.
    """

    def __init__(self, inputs: int, outputs: int, bits: int, steps: int) -> None:
        super().__init__()
        stride = 1 if inputs == outputs else 2
        self.first = Sequential(
            OrderedDict(
                conv("conv1", inputs, outputs, bits=bits, steps=steps, padding=1, stride=stride)
            )
        )
        self.conv2 = nn.QuantConv2d(
            outputs, outputs, 3, padding=1, weight_bits=bits, power_of_two=True
        )
        self.norm2 = BatchNorm2d(outputs)
        shortcut = (
            conv("project", inputs, outputs, bits=bits, steps=steps, stride=stride, kernel=1)
            if stride > 1
            else []
        )
        self.shortcut = Sequential(OrderedDict(shortcut))
        self.add = nn.Add()
        self.spike2 = nn.SpikePack(steps, power_of_two=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.spike2(self.add(self.norm2(self.conv2(self.first(x))), self.shortcut(x)))
        return out


def resnet(bits: int, steps: int) -> Module:
    """16c3 - block 16 - block 32 - block 64 - mean over the map - 10; weights of ``bits`` bits, T =
    ``steps``.
    """
    parts: list[tuple[str, Module]] = [
        ("quant", nn.QuantInput(8)),
        *conv("stem", 3, _WIDTHS[0], bits=bits, steps=steps, padding=1),
    ]
    inputs = _WIDTHS[0]
    for number, width in enumerate(_WIDTHS):
        parts.append((f"block{number + 1}", Block(inputs, width, bits, steps)))
        inputs = width
    return Sequential(
        OrderedDict(
            [
                *parts,
                ("pool", AvgPool2d(8)),
                ("flatten", Flatten()),
                *classifier("fc", inputs, bits=bits),
            ]
        )
    )
