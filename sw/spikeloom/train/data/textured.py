"""The real digits in the shape of CIFAR-10: 32 x 32 colour images of a digit of any size, place and
colour before a texture.

The texture is a sum of smooth noise, a grating and a slope, each in a colour of its own; pieces of
other digits, of the same part of the split, lie on it as clutter. The digit has a colour at some
distance from that of the background, brighter or darker.
"""

from __future__ import annotations

import numpy as np

from spikeloom.train.data.base import Dataset, Images
from spikeloom.train.data.synthetic import SIDE, Rng, Sources, dataset
from spikeloom.train.data.warp import Floats, Ints, cubic_matrix, placing, see

SIZE = 32
SMALLEST, LARGEST = 17, 28
"""Side of a digit's square in pixels."""
_CLUTTER = 2
"""Pieces of other digits per image."""
_GRAINS = (3, 6, 12)
"""Knots per side of the smooth noise, coarse to fine."""


def _colours(rng: Rng, count: int, spread: float) -> Floats:
    """(count, 3, 1, 1) colours around 0; three quarters of the spread are shared by the
    channels.
    """
    shared, own = rng.normal(0, spread, (count, 1)), rng.normal(0, spread, (count, 3))
    return (0.75 * shared + 0.66 * own).astype(np.float32)[:, :, None, None]


def _noise(rng: Rng, count: int) -> Floats:
    """Smooth noise (count, 3, SIZE, SIZE) of three grains."""
    total = np.zeros((count, 3, SIZE, SIZE), dtype=np.float32)
    for knots in _GRAINS:
        rows = cubic_matrix(knots, SIZE)
        coarse = rng.standard_normal((count, 3, knots, knots), dtype=np.float32)
        total += rng.uniform(3, 12, (count, 1, 1, 1)).astype(np.float32) * (rows @ coarse @ rows.T)
    return total


def _waves(rng: Rng, count: int) -> Floats:
    """A grating of 1 to 6 periods and a slope, in any direction: (count, 3, SIZE, SIZE)."""
    grid = (np.arange(SIZE, dtype=np.float32) - (SIZE - 1) / 2) / SIZE

    def along() -> Floats:
        angle = rng.uniform(0, 2 * np.pi, (count, 1, 1)).astype(np.float32)
        return np.asarray(np.cos(angle) * grid[None, :, None] + np.sin(angle) * grid[None, None, :])

    turns = rng.uniform(1, 6, (count, 1, 1)).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, (count, 1, 1)).astype(np.float32)
    grating = np.sin(2 * np.pi * turns * along() + phase)
    return np.asarray(
        _colours(rng, count, 11) * grating[:, None] + _colours(rng, count, 30) * along()[:, None],
        dtype=np.float32,
    )


def _view(
    digits: Sources, chosen: Ints, side: Floats, offset: Floats, turn: float, rng: Rng
) -> Floats:
    """Ink 0 to 1, (M, 1, SIZE, SIZE), of digits in squares of ``side`` pixels, moved by ``offset``
    from the middle.
    """
    angle, shear = rng.normal(0, turn, len(chosen)), rng.normal(0, 0.12, len(chosen))
    maps = placing(*(part.astype(np.float32) for part in (side / SIDE, angle, shear, offset)))
    return np.asarray(
        np.clip(1.4 * see(digits.pictures, chosen, maps, SIZE), 0, 1)[:, None], dtype=np.float32
    )


def _clutter(digits: Sources, count: int, rng: Rng) -> Floats:
    """What pieces of other digits add: (count, 3, SIZE, SIZE). They stick out over the border, so
    that none is whole.
    """
    total = np.zeros((count, 3, SIZE, SIZE), dtype=np.float32)
    for _ in range(_CLUTTER):
        other = rng.integers(0, len(digits.labels), count)
        way = rng.uniform(0, 2 * np.pi, count)
        offset = np.stack([np.sin(way), np.cos(way)], axis=1) * rng.uniform(16, 20, (count, 1))
        side = rng.uniform(10, 20, count).astype(np.float32)
        total += _colours(rng, count, 40) * _view(
            digits, other, side, offset.astype(np.float32), 1.0, rng
        )
    return total


def drawing(digits: Sources, chosen: Ints, rng: Rng) -> Images:
    """Images (M, 3, 32, 32)."""
    count = len(chosen)
    side = rng.uniform(SMALLEST, LARGEST, count).astype(np.float32)
    room = ((SIZE - side) / 2 + 1)[:, None]
    ink = _view(
        digits, chosen, side, (rng.uniform(-1, 1, (count, 2)) * room).astype(np.float32), 0.12, rng
    )
    base = rng.uniform(90, 165, (count, 1, 1, 1)).astype(np.float32)
    contrast = rng.choice(np.array([-1, 1], dtype=np.float32), (count, 1, 1, 1)) * rng.uniform(
        55, 110, (count, 1, 1, 1)
    ).astype(np.float32)
    back = _noise(rng, count) + _waves(rng, count) + _clutter(digits, count, rng)
    front = 0.35 * back + contrast + _colours(rng, count, 15)
    speckle = 5 * rng.standard_normal((count, 3, SIZE, SIZE), dtype=np.float32)
    return np.asarray(
        np.clip(np.rint(base + back + ink * (front - back) + speckle), 0, 255), dtype=np.float32
    )


def load_textured(train: int = 20_000, test: int = 4_000, seed: int = 0) -> Dataset:
    """Images (N, 3, 32, 32) of 0 to 255. Raises as
    :func:`spikeloom.train.data.synthetic.dataset`.
    """
    return dataset("textured", drawing, train, test, seed)
