"""Handwritten digits, 8 x 8 pixels of 0 to 16, as scikit-learn ships them (UCI ML hand-written
digits, test part).
"""

from __future__ import annotations

import numpy as np

from spikeloom.errors import SpikeLoomError
from spikeloom.train.data.base import Dataset, Images, Labels, every_fifth

CLASSES = tuple("0123456789")


def images() -> tuple[Images, Labels]:
    """All 1797 digits: (N, 1, 8, 8) and (N,). Raises SpikeLoomError if scikit-learn is not
    installed.
    """
    try:
        from sklearn.datasets import load_digits as embedded
    except ModuleNotFoundError:
        raise SpikeLoomError(
            "data set digits: scikit-learn is not installed: pip install 'spikeloom[train]'"
        ) from None
    pixels, labels = embedded(return_X_y=True)
    return pixels.reshape(-1, 1, 8, 8).astype(np.float32), labels.astype(np.int64)


def load_digits() -> Dataset:
    """1433 digits to train on and 364 to test, every fifth of each class."""
    x, y = images()
    test = every_fifth(y)
    return Dataset("digits", x[~test], y[~test], x[test], y[test], CLASSES)
