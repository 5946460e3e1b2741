"""The real digits in the shape of MNIST: 28 x 28 pixels of 0 to 255, moved, turned and sheared a
little, with noise.
"""

from __future__ import annotations

import numpy as np

from spikeloom.train.data.base import Dataset, Images
from spikeloom.train.data.synthetic import SIDE, Rng, Sources, dataset
from spikeloom.train.data.warp import Ints, placing, see

SIZE = 28
_NOISE = 12.0
"""Standard deviation of the noise, in steps of 255."""


def drawing(digits: Sources, chosen: Ints, rng: Rng) -> Images:
    """Images (M, 1, 28, 28); ink is bright."""
    count = len(chosen)
    scale = rng.uniform(17, 23, count) / SIDE
    angle, shear = rng.normal(0, 0.12, count), rng.normal(0, 0.12, count)
    offset = rng.uniform(-3, 3, (count, 2))
    maps = placing(*(part.astype(np.float32) for part in (scale, angle, shear, offset)))
    ink = (
        255
        * rng.uniform(0.7, 1.0, (count, 1, 1))
        * np.clip(1.5 * see(digits.pictures, chosen, maps, SIZE), 0, 1)
    )
    noise = rng.standard_normal((count, SIZE, SIZE), dtype=np.float32)
    return np.clip(np.rint(ink + _NOISE * noise), 0, 255).astype(np.float32)[:, None]


def load_digits28(train: int = 20_000, test: int = 4_000, seed: int = 0) -> Dataset:
    """Images (N, 1, 28, 28) of 0 to 255. Raises as
    :func:`spikeloom.train.data.synthetic.dataset`.
    """
    return dataset("digits28", drawing, train, test, seed)
