"""Networks for the 8 x 8 digits: 4-bit input, 4-bit weights, T = 4.

Weights and activations have scales that are powers of two; batch norm, which has not, is frozen
into integers.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor
from torch.nn import AvgPool2d, BatchNorm1d, BatchNorm2d, Flatten, MaxPool2d, Module, Sequential

from spikeloom import nn


def mlp() -> Module:
    """64 - 64 - 32 - 10."""
    return Sequential(
        OrderedDict(
            flatten=Flatten(),
            quant=nn.QuantInput(4),
            fc1=nn.QuantLinear(64, 64, power_of_two=True),
            norm1=BatchNorm1d(64),
            spike1=nn.SpikePack(4, power_of_two=True),
            fc2=nn.QuantLinear(64, 32, power_of_two=True),
            norm2=BatchNorm1d(32),
            spike2=nn.SpikePack(4, power_of_two=True),
            fc3=nn.QuantLinear(32, 10, power_of_two=True),
        )
    )


class CNN(Module):
    """A small residual network: convolution, residual convolution, max pool, depthwise separable
    convolution, average pool, classifier.
    """

    def __init__(self) -> None:
        super().__init__()
        self.quant = nn.QuantInput(4)
        self.conv1 = nn.QuantConv2d(1, 16, 3, padding=1, power_of_two=True)
        self.norm1 = BatchNorm2d(16)
        self.spike1 = nn.SpikePack(4, power_of_two=True)
        self.conv2 = nn.QuantConv2d(16, 16, 3, padding=1, power_of_two=True)
        self.norm2 = BatchNorm2d(16)
        self.add = nn.Add()
        self.spike2 = nn.SpikePack(4, power_of_two=True)
        self.pool1 = MaxPool2d(2)
        self.depthwise = nn.QuantConv2d(16, 16, 3, padding=1, groups=16, power_of_two=True)
        self.norm3 = BatchNorm2d(16)
        self.spike3 = nn.SpikePack(4, power_of_two=True)
        self.pointwise = nn.QuantConv2d(16, 32, 1, power_of_two=True)
        self.norm4 = BatchNorm2d(32)
        self.spike4 = nn.SpikePack(4, power_of_two=True)
        self.pool2 = AvgPool2d(2)
        self.flatten = Flatten()
        self.fc = nn.QuantLinear(128, 10, power_of_two=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, 8, 8) of 0 to 16 to (N, 10)."""
        x = self.spike1(self.norm1(self.conv1(self.quant(x))))
        x = self.spike2(self.add(self.norm2(self.conv2(x)), x))
        x = self.pool1(x)
        x = self.spike3(self.norm3(self.depthwise(x)))
        x = self.spike4(self.norm4(self.pointwise(x)))
        y: Tensor = self.fc(self.flatten(self.pool2(x)))
        return y


def cnn() -> Module:
    return CNN()
