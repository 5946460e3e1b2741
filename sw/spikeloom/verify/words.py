"""What the rungs of the ladder of proof besides golden model and hardware have in common.

They answer with the words of every node, so that a difference has a place. They are
:mod:`spikeloom.verify.torch_model` and :mod:`spikeloom.verify.onnx_executor`.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from spikeloom.ir.number import Code, Ints

Floats = npt.NDArray[np.float64]

CHUNK = 64
"""Images that torch computes at a time."""

ILLEGAL = -1
"""Word of a value that the code does not have."""


def missing(extra: str, *packages: str) -> str:
    """Why a rung cannot run: which of its packages are not installed, and the extra that brings
    them; "" where all are there.
    """
    absent = [package for package in packages if find_spec(package) is None]
    return f"{', '.join(absent)} not installed; pip install 'spikeloom[{extra}]'" if absent else ""


def words_of(code: Code | None, values: npt.NDArray[np.float64]) -> Ints:
    """Words of values (N, C, H, W), of spikes (T, N, C, H, W) for a plain spike train; integers
    where there is no code.

    A value that is no integer, or not one of the code's, becomes ``ILLEGAL``, which equals no word.
    """
    numbers: Ints = np.rint(values).astype(np.int64)
    wrong = numbers != values
    if code is None:
        return np.where(wrong, np.iinfo(np.int64).min, numbers)
    if code.spike_train:
        wrong = (wrong | (numbers < 0) | (numbers > 1)).any(axis=0)
        return np.where(wrong, ILLEGAL, code.pack(numbers & 1))
    rank = np.searchsorted(code.codebook, numbers).clip(0, len(code.codebook) - 1)
    return np.where(wrong | (code.codebook[rank] != numbers), ILLEGAL, rank ^ code.sign_bit)


def joined(parts: list[dict[str, Ints]]) -> dict[str, Ints]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
