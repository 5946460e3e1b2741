"""Sliding windows over maps of integers: their shape, and what sums over them."""

from __future__ import annotations

import numpy as np

from spikeloom.errors import SpikeLoomError
from spikeloom.ir.number import Ints, Shape

EXACT = 1 << 53
"""float64 holds every integer up to here, so that sums of them are the same in any order."""

Pair = tuple[int, int]
Padding = tuple[int, int, int, int]


def window_shape(
    shape: Shape, channels: int, kernel: Pair, stride: Pair, padding: Padding, name: str
) -> Shape:
    """Output map of a sliding window. Raises SpikeLoomError if the kernel does not fit."""
    height = (shape[1] + padding[0] + padding[2] - kernel[0]) // stride[0] + 1
    width = (shape[2] + padding[1] + padding[3] - kernel[1]) // stride[1] + 1
    if height < 1 or width < 1:
        raise SpikeLoomError(
            f"{name}: kernel {kernel} does not fit the padded map {shape[1]}x{shape[2]}"
        )
    if (
        padding[0] >= kernel[0]
        or padding[2] >= kernel[0]
        or padding[1] >= kernel[1]
        or padding[3] >= kernel[1]
    ):
        raise SpikeLoomError(f"{name}: padding {padding} must be smaller than the kernel {kernel}")
    return channels, height, width


def windows(x: Ints, kernel: Pair, stride: Pair, padding: Padding) -> Ints:
    """Sliding windows of (N, C, H, W), zero padded: (N, C, OH, OW, kh, kw)."""
    top, left, bottom, right = padding
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    view: Ints = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))  # type: ignore[call-overload]
    return view[:, :, :: stride[0], :: stride[1]]


def conv(x: Ints, weight: Ints, stride: Pair, padding: Padding, groups: int) -> Ints:
    """Integer convolution of values (N, C, H, W) with (O, C / groups, kh, kw): (N, O, OH, OW)."""
    largest = int(np.abs(x).max(initial=0)) * int(np.abs(weight).sum(axis=(1, 2, 3)).max(initial=0))
    # numpy multiplies matrices of floats many times as fast
    kind = np.float64 if largest <= EXACT else np.int64
    patches = windows(x.astype(kind), (weight.shape[2], weight.shape[3]), stride, padding)
    weight = weight.astype(kind)
    inputs, outputs = x.shape[1] // groups, weight.shape[0] // groups
    parts = [
        np.tensordot(
            patches[:, g * inputs : (g + 1) * inputs],
            weight[g * outputs : (g + 1) * outputs],
            axes=([1, 4, 5], [1, 2, 3]),
        )
        for g in range(groups)
    ]
    return np.moveaxis(np.concatenate(parts, axis=3), 3, 1).astype(np.int64)
