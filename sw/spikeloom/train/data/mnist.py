"""MNIST from its four IDX files, plain or gzipped. The format: two zero bytes, type (8 = uint8),
rank, sizes big endian, data.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.train.data.base import Dataset

_LARGEST = 1 << 30


def _find(folder: Path, name: str) -> Path:
    other = name.replace("-idx", ".idx")
    for candidate in (name, name + ".gz", other, other + ".gz"):
        if (folder / candidate).is_file():
            return folder / candidate
    raise SpikeLoomError(
        f"{folder}: expected {name} or {name}.gz, found neither: put MNIST's four files there"
    )


def read_idx(path: Path, rank: int) -> npt.NDArray[np.uint8]:
    """The uint8 array in an IDX file. Raises SpikeLoomError if it is not one, of that rank,
    complete.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4 + 4 * rank)
            if len(head) != 4 + 4 * rank or head[:4] != bytes([0, 0, 8, rank]):
                raise SpikeLoomError(
                    f"{path}: expected an IDX file of {rank}-dimensional bytes, found header"
                    f" {head[:4].hex()!r}"
                )
            shape = struct.unpack(f">{rank}I", head[4:])
            size = math.prod(shape)
            data = file.read(min(size, _LARGEST) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SpikeLoomError(f"{path}: cannot be read: {error}") from None
    if len(data) != size:
        raise SpikeLoomError(
            f"{path}: expected {size} bytes of data for shape {shape}, found"
            f" {'more' if len(data) > size else len(data)}"
        )
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)


def _part(folder: Path, part: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    images = read_idx(_find(folder, f"{part}-images-idx3-ubyte"), 3)
    labels = read_idx(_find(folder, f"{part}-labels-idx1-ubyte"), 1)
    if len(images) != len(labels):
        raise SpikeLoomError(
            f"{folder}: expected as many {part} labels as images, found {len(labels)} and"
            f" {len(images)}"
        )
    if len(labels) == 0 or labels.max() > 9:
        raise SpikeLoomError(
            f"{folder}: expected {part} labels 0 to 9, found"
            f" {'none' if len(labels) == 0 else labels.max()}"
        )
    return images[:, None].astype(np.float32), labels.astype(np.int64)


def load_mnist(folder: Path) -> Dataset:
    """Images (N, 1, 28, 28) of 0 to 255. Raises SpikeLoomError if a file is missing, damaged or
    does not match.
    """
    return Dataset("mnist", *_part(folder, "train"), *_part(folder, "t10k"), tuple("0123456789"))
