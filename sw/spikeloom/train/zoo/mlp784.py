"""The three-hidden-layer networks for 28 x 28 digits that FINN and BNN-PYNQ call TFC, SFC and LFC:
784 - h - h - h - 10.
"""

from __future__ import annotations

from collections import OrderedDict

from torch.nn import Flatten, Module, Sequential

from spikeloom import nn
from spikeloom.train.zoo.blocks import Named, classifier, linear

TFC, SFC, LFC = 64, 256, 1024
"""Hidden width h."""


def mlp784(hidden: int, bits: int, steps: int) -> Module:
    """Weights of ``bits`` bits, T = ``steps``; pixels of 0 to 255 are rounded to T bits, for one
    bit at half brightness.
    """
    parts: list[Named] = [
        ("flatten", Flatten()),
        ("quant", nn.QuantInput(steps, scale=256.0 if steps == 1 else 256 / 2**steps)),
    ]
    inputs = 784
    for number in (1, 2, 3):
        parts += linear(f"fc{number}", inputs, hidden, bits=bits, steps=steps)
        inputs = hidden
    return Sequential(OrderedDict(parts + classifier("fc4", hidden, bits=bits)))
