"""Small pictures enlarged smoothly, then seen through an affine map: what the synthetic image sets
are drawn with.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_MARGIN = 2
"""Empty pixels around every picture, so that a look beyond its border finds nothing."""


def _cubic(distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cubic convolution kernel with slope -1/2 (Keys 1981), support 2."""
    d = np.abs(distance)
    near = 1.5 * d**3 - 2.5 * d**2 + 1
    far = -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def cubic_matrix(size: int, wanted: int) -> Floats:
    """(wanted, size): takes ``size`` samples to ``wanted`` samples of the same extent, edges
    repeated; every row sums to 1.
    """
    at = (np.arange(wanted) + 0.5) * size / wanted - 0.5
    first = np.floor(at).astype(np.int64) - 1
    matrix = np.zeros((wanted, size))
    for tap in range(4):
        column = first + tap
        np.add.at(matrix, (np.arange(wanted), np.clip(column, 0, size - 1)), _cubic(at - column))
    return matrix.astype(np.float32)


def enlarge(pictures: Floats, size: int) -> Floats:
    """Pictures (N, h, w) to (N, size, size), by cubic convolution."""
    rows, columns = cubic_matrix(pictures.shape[1], size), cubic_matrix(pictures.shape[2], size)
    return np.asarray(rows @ pictures @ columns.T, dtype=np.float32)


def see(pictures: Floats, index: Ints, maps: Floats, size: int) -> Floats:
    """Bilinear views (M, size, size): view m is picture ``index[m]`` of (N, h, w), which maps[m] of
    (M, 2, 3) places.

    A pixel at p, counted from the middle of the view, shows the picture at ``maps[m, :, :2] @ p +
    maps[m, :, 2]``, counted from the middle of the picture, in picture pixels; rows first. Outside
    of the picture is 0.
    """
    height, width = pictures.shape[1:]
    padded = np.pad(pictures, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN)))
    flat, stride = padded.reshape(-1), width + 2 * _MARGIN
    grid = np.arange(size, dtype=np.float32) - (size - 1) / 2

    def at(axis: int, extent: int) -> tuple[Ints, Floats]:
        row = (
            maps[:, axis, 0, None, None] * grid[None, :, None]
            + maps[:, axis, 1, None, None] * grid[None, None, :]
        )
        place = np.clip(
            row + maps[:, axis, 2, None, None] + (extent - 1) / 2 + _MARGIN,
            0,
            extent + 2 * _MARGIN - 1.001,
        )
        cell = place.astype(np.int64)
        return cell, np.asarray(place - cell, dtype=np.float32)

    row, down = at(0, height)
    column, right = at(1, width)
    corner = index[:, None, None] * (padded.shape[1] * stride) + row * stride + column
    above = flat[corner] * (1 - right) + flat[corner + 1] * right
    below = flat[corner + stride] * (1 - right) + flat[corner + stride + 1] * right
    return np.asarray(above * (1 - down) + below * down, dtype=np.float32)


def placing(scale: Floats, angle: Floats, shear: Floats, offset: Floats) -> Floats:
    """Maps (M, 2, 3) for :func:`see`: pictures drawn ``scale`` times as large, turned, sheared,
    moved by ``offset`` (M, 2) view pixels.

    scale, angle in radians and shear are (M,).
    """
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    inverse = np.stack(
        [np.stack([cos, -sin], axis=1), np.stack([sin + shear * cos, cos - shear * sin], axis=1)],
        axis=1,
    )
    moved = -np.einsum("mij,mj->mi", inverse, offset)
    return np.asarray(np.concatenate([inverse, moved[:, :, None]], axis=2), dtype=np.float32)
