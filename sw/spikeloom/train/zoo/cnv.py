"""CNV, the topology of FINN's CIFAR-10 network (Umuroglu et al., FINN, 2017): 59.5 M
multiply-accumulates; inputs of 32 x 32 x 3 bytes.
"""

from __future__ import annotations

from collections import OrderedDict

from torch.nn import Flatten, MaxPool2d, Module, Sequential

from spikeloom import nn
from spikeloom.train.zoo.blocks import Named, classifier, conv, linear


def cnv(bits: int, steps: int) -> Module:
    """64c3-64c3-mp2-128c3-128c3-mp2-256c3-256c3-512-512-10 without padding; weights of ``bits``
    bits, T = ``steps``.
    """
    parts: list[Named] = [("quant", nn.QuantInput(8))]
    inputs = 3
    for block, channels in enumerate((64, 128, 256)):
        parts += conv(f"conv{2 * block + 1}", inputs, channels, bits=bits, steps=steps)
        parts += conv(f"conv{2 * block + 2}", channels, channels, bits=bits, steps=steps)
        parts += [(f"pool{block + 1}", MaxPool2d(2))] * (block < 2)
        inputs = channels
    parts += [
        ("flatten", Flatten()),
        *linear("fc1", 256, 512, bits=bits, steps=steps),
        *linear("fc2", 512, 512, bits=bits, steps=steps),
    ]
    return Sequential(OrderedDict(parts + classifier("fc3", 512, bits=bits)))
