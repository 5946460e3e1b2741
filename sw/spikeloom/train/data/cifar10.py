"""CIFAR-10 from its binary version: records of one label byte and 3072 pixel bytes (red, green,
blue planes of 32 x 32).

The Python version of the data set is a set of pickles, which can run code when loaded; it is never
opened.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.train.data.base import Dataset

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_RECORD = 1 + 3 * 32 * 32


def _folder(folder: Path) -> Path:
    for candidate in (folder, folder / "cifar-10-batches-bin"):
        if (candidate / "test_batch.bin").is_file():
            return candidate
    pickles = [
        path
        for path in (folder / "test_batch", folder / "cifar-10-batches-py" / "test_batch")
        if path.exists()
    ]
    found = (
        f"the Python version ({pickles[0].name}), whose pickles are not opened"
        if pickles
        else "none"
    )
    raise SpikeLoomError(
        f"{folder}: expected data_batch_1.bin ... data_batch_5.bin and test_batch.bin (CIFAR-10"
        f" binary version), found {found}"
    )


def _read(path: Path) -> npt.NDArray[np.uint8]:
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise SpikeLoomError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) == 0 or len(data) % _RECORD:
        raise SpikeLoomError(
            f"{path}: expected records of {_RECORD} bytes, found {len(data)} bytes"
        )
    records = data.reshape(-1, _RECORD)
    if records[:, 0].max() >= len(CLASSES):
        raise SpikeLoomError(f"{path}: expected labels 0 to 9, found {records[:, 0].max()}")
    return records


def _split(records: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    return records[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32), records[:, 0].astype(np.int64)


def load_cifar10(folder: Path) -> Dataset:
    """Images (N, 3, 32, 32) of 0 to 255. Raises SpikeLoomError if a file is missing or has not the
    format.
    """
    folder = _folder(folder)
    train = np.concatenate([_read(folder / f"data_batch_{k}.bin") for k in range(1, 6)])
    return Dataset("cifar10", *_split(train), *_split(_read(folder / "test_batch.bin")), CLASSES)
