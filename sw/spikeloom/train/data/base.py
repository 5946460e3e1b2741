"""What a data set is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs as the network takes them, batch first, and their labels.

    Attributes
    ----------
    train_x, test_x: (N, ...) float32; (N, C, H, W) for images, (N, T, C, H, W) of 0 and 1 for
        events.
    train_y, test_y: (N,) int64, an index into ``classes``.
    drawn_from: (N,) int64, the real example that each test image shows, where several show the same
        one; None where each is its own.
    """

    name: str
    train_x: Images
    train_y: Labels
    test_x: Images
    test_y: Labels
    classes: tuple[str, ...]
    drawn_from: Labels | None = None

    @property
    def test_source(self) -> Labels:
        """(N,), which test images are of one origin: they have the same number."""
        return np.arange(len(self.test_y)) if self.drawn_from is None else self.drawn_from

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one input."""
        return self.train_x.shape[1:]


def every_fifth(labels: Labels) -> npt.NDArray[np.bool_]:
    """A fixed stratified split: True for every fifth example of each class (the test set)."""
    test = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        test[np.flatnonzero(labels == label)[::5]] = True
    return test
