"""What it takes to make one trained network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from spikeloom.errors import SpikeLoomError


@dataclass(frozen=True)
class Recipe:
    """A network, its data and its training.

    Attributes
    ----------
    dataset: name for :func:`spikeloom.train.data.load`.
    build: makes the module, untrained, from torch's global random state.
    epochs: passes over the training set. batch: examples per step. lr: Adam's learning rate at the
        start, falling to 0 as a half cosine.
    shift: largest random shift of the training images, in pixels, as augmentation; 0 for none.
    files: the data set of the same shape to train on instead, where there is a folder with its
        files.

    Raises
    ------
    SpikeLoomError: a number is out of range.
    """

    name: str
    dataset: str
    build: Callable[[], nn.Module]
    epochs: int = 20
    lr: float = 0.01
    batch: int = 64
    shift: int = 0
    files: str | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 2 or not self.lr > 0 or self.shift < 0:
            raise SpikeLoomError(
                f"{self.name}: expected epochs >= 1, batch >= 2, lr > 0 and shift >= 0, "
                f"got {self.epochs}, {self.batch}, {self.lr} and {self.shift}"
            )

    def on(self, data_dir: Path | None) -> Recipe:
        """The same recipe on the data set that it will load."""
        return self if data_dir is None or self.files is None else replace(self, dataset=self.files)
