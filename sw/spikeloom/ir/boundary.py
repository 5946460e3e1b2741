"""Real numbers at both ends of a network: real input to the integers of its words, and integer
output to real numbers.

Golden model and driver share these functions, so that they cannot round differently.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.number import Code, Ints, Shape

Floats = npt.NDArray[np.float64]
Reals = npt.NDArray[np.float32]

QUANTIZE_PASSES = 6
"""Times that :func:`check` and :func:`quantized` go over a batch: the check, the type, division,
sum, limits, rounding.
"""


class Source(Protocol):
    """What describes the input of a network: :class:`spikeloom.ir.graph.Input` or
    :class:`spikeloom.interface.manifest.InputFormat`.
    """

    @property
    def shape(self) -> Shape: ...
    @property
    def real_shape(self) -> tuple[int, ...]: ...
    @property
    def code(self) -> Code: ...
    @property
    def scale(self) -> float: ...
    @property
    def zero_point(self) -> int: ...
    @property
    def narrow(self) -> bool: ...
    @property
    def events(self) -> bool: ...


def check(source: Source, x: npt.NDArray[np.generic]) -> None:
    """Raises SpikeLoomError unless ``x`` is (N, *real_shape) and holds finite real numbers; for
    events, 0 and 1.
    """
    if tuple(x.shape[1:]) != source.real_shape:
        raise SpikeLoomError(
            f"input: expected (batch, {', '.join(map(str, source.real_shape))}), got"
            f" {tuple(x.shape)}"
        )
    if not np.issubdtype(x.dtype, np.number) and x.dtype != np.bool_:
        raise SpikeLoomError(f"input: expected numbers, got dtype {x.dtype}")
    if np.iscomplexobj(x) or not np.isfinite(x).all():
        raise SpikeLoomError(
            "input: expected finite real numbers, found NaN, infinity or complex values"
        )
    if source.events and not ((x == 0) | (x == 1)).all():
        raise SpikeLoomError("input: events must be 0 or 1")


def quantized(source: Source, x: npt.NDArray[np.generic]) -> Reals:
    """Checked real input to the values of its words, (N, C, H, W): whole numbers in float32, as a
    QONNX executor computes them.
    """
    code = source.code
    y: Reals = x.astype(np.float32) / np.float32(source.scale)
    y += np.float32(source.zero_point)
    low = code.min_value + int(source.narrow and code.signed)
    return np.rint(np.clip(y, low, code.max_value, out=y), out=y).reshape(-1, *source.shape)


def packed(source: Source, x: npt.NDArray[np.generic]) -> Ints:
    """Checked events (N, T, C, H, W) to words (N, C, H, W)."""
    return source.code.pack(np.moveaxis(x.astype(np.int64), 1, 0)).reshape(-1, *source.shape)


def words(source: Source, x: npt.NDArray[np.generic]) -> Ints:
    """Real input (N, *real_shape) to words (N, C, H, W). Raises as :func:`check`."""
    check(source, x)
    return (
        packed(source, x)
        if source.events
        else source.code.word(quantized(source, x).astype(np.int64))
    )


def real(scale: Floats, bias: Floats, values: Ints) -> Floats:
    """Real output ``scale * v + bias`` of integers (N, O, H, W), in float64: (N, O), or (N, O, H,
    W) for a map. scale, bias: (O,), (1,).
    """
    y: Floats = scale.reshape(1, -1, 1, 1) * values + bias.reshape(1, -1, 1, 1)
    return y[:, :, 0, 0] if y.shape[2:] == (1, 1) else y
