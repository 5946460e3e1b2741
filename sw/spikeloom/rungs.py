"""Rungs of the ladder of proof besides golden model and hardware: torch on the frozen network, and the QONNX executor on its file.

Both answer with the words of every node, so that a difference has a place.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from spikeloom.code import Code, Ints
from spikeloom.errors import SpikeLoomError
from spikeloom.files import Array, first_line
from spikeloom.graph import Graph

Progress = Callable[[int, int], None]
"""Called with the images done and their number."""

CHUNK = 64
"""Images that torch computes at a time."""

ILLEGAL = -1
"""Word of a value that the code does not have."""


def words_of(code: Code | None, values: npt.NDArray[np.float64]) -> Ints:
    """Words of values (N, C, H, W), of spikes (T, N, C, H, W) for a plain spike train; integers where there is no code.

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

    from spikeloom.frozen import Frozen

    network, parts = Frozen(graph), []
    for start in range(0, len(x), CHUNK):
        progress(start, len(x))
        seen = network.trace(torch.from_numpy(np.ascontiguousarray(x[start : start + CHUNK], dtype=np.float32)))
        parts.append({name: words_of(graph.codes[name], values.numpy()) for name, values in seen.items()})
    progress(len(x), len(x))
    return joined(parts)


def onnx_words(graph: Graph, path: Path, x: Array, progress: Progress) -> dict[str, Ints]:
    """Words of every node, computed by the QONNX executor on ``model.onnx``, image by image.

    Raises SpikeLoomError where the file is not the frozen form of this very network.
    """
    import onnx
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    from spikeloom import lif_onnx
    from spikeloom.write import Writer

    writer = Writer(graph, 1)
    writer.model()
    model = ModelWrapper(lif_onnx.inline(onnx.load(path))).transform(InferShapes())
    source, parts = model.graph.input[0].name, []
    for k in range(len(x)):
        progress(k, len(x))
        try:
            seen = execute_onnx(model, {source: np.asarray(x[k : k + 1], dtype=np.float32)}, return_full_exec_context=True)
            parts.append({name: words_of(graph.codes[name], whole(graph, name, seen[tensor])) for name, tensor in writer.values.items()})
        except KeyError as error:
            raise SpikeLoomError(
                f"{path}: expected the frozen network of this folder, found no tensor {first_line(error)}; export again"
            ) from error
    progress(len(x), len(x))
    return joined(parts)


def whole(graph: Graph, name: str, tensor: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """One image's tensor with the axes that :func:`words_of` expects."""
    code = graph.codes[name]
    lead = (code.steps, 1) if code is not None and code.base == 1 else (1,)
    return tensor.reshape(*lead, *graph.shapes[name])


def joined(parts: list[dict[str, Ints]]) -> dict[str, Ints]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
