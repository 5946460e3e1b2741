"""Rungs of the ladder of proof besides golden model and hardware: what they have in common, and
torch on the frozen network.

They answer with the words of every node, so that a difference has a place. The other one is
:mod:`spikeloom.verify.onnx_executor`.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from spikeloom.files import Array
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Code, Ints
from spikeloom.progress import Progress

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
    if code.base == 1:
        wrong = (wrong | (numbers < 0) | (numbers > 1)).any(axis=0)
        return np.where(wrong, ILLEGAL, code.pack(numbers & 1))
    rank = np.searchsorted(code.codebook, numbers).clip(0, len(code.codebook) - 1)
    return np.where(wrong | (code.codebook[rank] != numbers), ILLEGAL, rank ^ code.sign_bit)


def torch_words(graph: Graph, x: Array, progress: Progress) -> dict[str, Ints]:
    """Words of every node, computed by torch in float64."""
    import torch

    from spikeloom.verify.torch_model import Frozen

    network, parts = Frozen(graph), []
    for start in range(0, len(x), CHUNK):
        progress("torch", start, len(x))
        seen = network.trace(
            torch.from_numpy(np.ascontiguousarray(x[start : start + CHUNK], dtype=np.float32))
        )
        parts.append(
            {name: words_of(graph.codes[name], values.numpy()) for name, values in seen.items()}
        )
    progress("torch", len(x), len(x))
    return joined(parts)


def joined(parts: list[dict[str, Ints]]) -> dict[str, Ints]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
