"""Image sets that are drawn from the real digits: which digit an image shows is settled before
anything is drawn.

The digits are split first, and a drawing sees only its own part: no source digit is behind both a
training and a test image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spikeloom.errors import SpikeLoomError
from spikeloom.train.data.base import Dataset, Images, Labels, every_fifth
from spikeloom.train.data.digits import CLASSES, images
from spikeloom.train.data.warp import Floats, Ints, enlarge

Rng = np.random.Generator

SIDE = 32
"""Pixels of a source digit, which is kept once at this size."""
_BLOCK = 1000
"""Images drawn at a time."""


@dataclass(frozen=True, eq=False)
class Sources:
    """Real digits to draw from. pictures: (N, SIDE, SIDE), ink 0 to 1. labels: (N,). number: (N,),
    which digit of the data set each is.
    """

    pictures: Floats
    labels: Labels
    number: Ints


Drawing = Callable[[Sources, Ints, Rng], Images]
"""Digits, which of them to show (M,), random numbers: images (M, C, H, W) of 0 to 255, whole
numbers.
"""


def sources() -> tuple[Sources, Sources]:
    """The digits to train on and those to test on. Raises SpikeLoomError if scikit-learn is not
    installed.
    """
    x, y = images()
    test = every_fifth(y)
    large = np.clip(enlarge(x[:, 0] / 16, SIDE), 0, 1)
    train, rest = (Sources(large[part], y[part], np.flatnonzero(part)) for part in (~test, test))
    return train, rest


def choose(count: int, digits: int, rng: Rng) -> Ints:
    """``count`` numbers below ``digits`` in random order, each as often as any other, or once
    more.
    """
    rounds = -(-count // digits)
    return np.asarray(
        np.concatenate([rng.permutation(digits) for _ in range(rounds)])[:count], dtype=np.int64
    )


def draw(
    drawing: Drawing, digits: Sources, count: int, key: tuple[int, int]
) -> tuple[Images, Labels, Ints]:
    """``count`` images, their labels, and the number of the digit that each shows.

    The first images do not depend on how many there are to be, up to whole blocks.
    """
    parts, shown = [], []
    for start in range(0, count, _BLOCK):
        rng = np.random.default_rng((*key, start))
        chosen = choose(min(_BLOCK, count - start), len(digits.labels), rng)
        parts.append(drawing(digits, chosen, rng))
        shown.append(chosen)
    every = np.concatenate(shown)
    return np.concatenate(parts), digits.labels[every], digits.number[every]


def dataset(name: str, drawing: Drawing, train: int, test: int, seed: int) -> Dataset:
    """A data set of that many images, the same for the same seed.

    Raises SpikeLoomError if a number is out of range, or scikit-learn is not installed.
    """
    if train < 1 or test < 1 or seed < 0:
        raise SpikeLoomError(
            f"data set {name}: expected train >= 1, test >= 1 and seed >= 0, got {train}, {test}"
            f" and {seed}"
        )
    first, second = sources()
    train_x, train_y, _ = draw(drawing, first, train, (seed, 0))
    test_x, test_y, test_source = draw(drawing, second, test, (seed, 1))
    return Dataset(name, train_x, train_y, test_x, test_y, CLASSES, test_source)
