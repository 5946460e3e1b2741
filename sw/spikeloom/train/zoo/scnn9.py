"""SCNN9, the topology that the FireFly accelerators (Li et al., 2023 and later) run on CIFAR-10:
26.4 M multiply-accumulates.
"""

from __future__ import annotations

from collections import OrderedDict

from torch.nn import Flatten, MaxPool2d, Module, Sequential

from spikeloom import nn
from spikeloom.train.zoo.blocks import Named, classifier, conv

_STAGES = ((16, 32), (32, 64), (64, 128), (128, 256))


def scnn9(bits: int, steps: int) -> Module:
    """16c3-32c3-mp-32c3-64c3-mp-64c3-128c3-mp-128c3-256c3-mp-10, padding 1, for 32 x 32 x 3 inputs
    of 8 bits.
    """
    parts: list[Named] = [("quant", nn.QuantInput(8))]
    inputs = 3
    for number, stage in enumerate(_STAGES):
        for place, outputs in enumerate(stage):
            parts += conv(
                f"conv{2 * number + place + 1}", inputs, outputs, bits=bits, steps=steps, padding=1
            )
            inputs = outputs
        parts.append((f"pool{number + 1}", MaxPool2d(2)))
    return Sequential(
        OrderedDict([*parts, ("flatten", Flatten()), *classifier("fc", inputs * 2 * 2, bits=bits)])
    )
