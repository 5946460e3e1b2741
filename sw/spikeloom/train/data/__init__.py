"""Data sets as plain arrays: some that need no download, and loaders for the standard files of
MNIST and CIFAR-10.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.train.data.base import Dataset
from spikeloom.train.data.cifar10 import load_cifar10
from spikeloom.train.data.digits import load_digits
from spikeloom.train.data.digits28 import load_digits28
from spikeloom.train.data.events import load_events
from spikeloom.train.data.mnist import load_mnist
from spikeloom.train.data.textured import load_textured

__all__ = ["NAMES", "Dataset", "load"]

_EMBEDDED: dict[str, Callable[[], Dataset]] = {
    "digits": load_digits,
    "digits28": load_digits28,
    "events": load_events,
    "textured": load_textured,
}
_FILES: dict[str, Callable[[Path], Dataset]] = {"cifar10": load_cifar10, "mnist": load_mnist}
NAMES = tuple(sorted((*_EMBEDDED, *_FILES)))


def load(name: str, data_dir: Path | None = None) -> Dataset:
    """The data set of that name: digits, digits28, events, textured (embedded), cifar10, mnist
    (files in ``data_dir``).

    Raises SpikeLoomError if the name is unknown, or files are missing or not in their format.
    """
    if name in _EMBEDDED:
        return _EMBEDDED[name]()
    if name not in _FILES:
        raise SpikeLoomError(f"data set {name!r} is unknown: expected one of {', '.join(NAMES)}")
    if data_dir is None:
        raise SpikeLoomError(
            f"data set {name} is not embedded: give the folder that holds its files with --data-dir"
        )
    if not data_dir.is_dir():
        raise SpikeLoomError(f"{data_dir}: expected a folder with the files of {name}, found none")
    return _FILES[name](data_dir)
