"""The recipes of the benchmark: 32 x 32 colour images and 28 x 28 digits drawn from real digits, or
with --data-dir CIFAR-10 and MNIST.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch.nn import Module

from spikeloom.train.zoo import mlp784, twins
from spikeloom.train.zoo.cnv import cnv
from spikeloom.train.zoo.recipe import Recipe
from spikeloom.train.zoo.resnet import resnet
from spikeloom.train.zoo.scnn9 import scnn9

TWIN_STEPS = (1, 2, 4, 8)
"""T of the networks that compare SpikePack with LIF."""


def _colour(name: str, build: Callable[[], Module], epochs: int, batch: int = 32) -> Recipe:
    return Recipe(name, "textured", build, epochs=epochs, lr=0.003, batch=batch, files="cifar10")


def _digits(name: str, hidden: int, bits: int, steps: int) -> Recipe:
    return Recipe(
        name,
        "digits28",
        partial(mlp784.mlp784, hidden, bits, steps),
        epochs=10,
        lr=0.003,
        files="mnist",
    )


RECIPES = (
    _colour("cnv-w1t1", partial(cnv, 1, 1), epochs=3),
    _colour("cnv-w2t2", partial(cnv, 2, 2), epochs=3),
    _colour("scnn9-w4t4", partial(scnn9, 4, 4), epochs=4),
    _colour("resnet-w4t4", partial(resnet, 4, 4), epochs=5),
    _digits("tfc-w2t2", mlp784.TFC, 2, 2),
    _digits("sfc-w1t1", mlp784.SFC, 1, 1),
    _digits("lfc-w1t1", mlp784.LFC, 1, 1),
    *(
        _colour(f"spikepack-t{steps}", partial(twins.spikepack, steps), epochs=4, batch=64)
        for steps in TWIN_STEPS
    ),
    *(
        _colour(f"lif-t{steps}", partial(twins.lif, steps), epochs=4, batch=64)
        for steps in TWIN_STEPS
    ),
)
