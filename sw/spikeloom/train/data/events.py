"""Event frames from still images, by a small model of an event camera that looks at a digit with a
moving eye.

The eye runs along the three sides of a triangle (a saccade, as in N-MNIST), with a jitter of its
own for every image. A pixel compares the logarithm of its brightness with what it remembers; beyond
the contrast threshold it fires ON or OFF, one event a frame, and its memory moves on by one
threshold.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spikeloom.train.data.base import Dataset, every_fifth
from spikeloom.train.data.digits import CLASSES, images

Floats = npt.NDArray[np.float64]

FRAMES = 8
SIZE = 12
"""Side of the sensor in pixels."""
CONTRAST = 0.5
"""Change of log brightness that makes an event."""
_SHIFT = 1.5
"""How far the eye moves, in sensor pixels."""


def path(frames: int) -> Floats:
    """Corners and sides of the triangle, at even speed: (frames + 1, 2) offsets in sensor pixels;
    the first is where the eye rests.
    """
    corners = _SHIFT * np.array([[0.0, 0.0], [1.0, 0.5], [0.0, 1.0], [-1.0, 0.5], [0.0, 0.0]])
    at = np.linspace(0, len(corners) - 1, frames + 1)
    return np.stack(
        [np.interp(at, np.arange(len(corners)), corners[:, axis]) for axis in (0, 1)], axis=1
    )


def look(pictures: Floats, offsets: Floats, size: int) -> Floats:
    """Bilinear view of pictures (N, h, w) on a sensor of size x size pixels, the picture enlarged
    to it and shifted by offsets (N, 2).
    """
    height, width = pictures.shape[1:]
    padded = np.pad(pictures, ((0, 0), (2, 2), (2, 2)))
    grid = np.arange(size) + 0.5

    def place(extent: int, offset: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
        at = np.clip((grid[None] - offset[:, None]) * extent / size - 0.5 + 2, 0, extent + 2.999)
        return at.astype(np.int64), np.asarray(at - np.floor(at), dtype=np.float64)

    row, down = place(height, offsets[:, 0])
    column, right = place(width, offsets[:, 1])
    n = np.arange(len(pictures))[:, None, None]

    def corner(dy: int, dx: int) -> Floats:
        return np.asarray(padded[n, row[:, :, None] + dy, column[:, None, :] + dx])

    d, r = down[:, :, None], right[:, None, :]
    return (1 - d) * ((1 - r) * corner(0, 0) + r * corner(0, 1)) + d * (
        (1 - r) * corner(1, 0) + r * corner(1, 1)
    )


def camera(
    pictures: Floats, frames: int = FRAMES, size: int = SIZE, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Pictures (N, h, w) of brightness 0 to 1 as event frames (N, frames, 2, size, size) of 0 and
    1; channel 0 is ON, 1 is OFF.
    """
    rng = np.random.default_rng(seed)
    jitter = rng.normal(0, 0.15, (len(pictures), frames + 1, 2))
    offsets = path(frames)[None] + jitter
    memory = np.log(0.1 + look(pictures, offsets[:, 0], size))
    events = np.zeros((len(pictures), frames, 2, size, size), dtype=np.float32)
    for frame in range(frames):
        change = np.log(0.1 + look(pictures, offsets[:, frame + 1], size)) - memory
        events[:, frame, 0] = change >= CONTRAST
        events[:, frame, 1] = change <= -CONTRAST
        memory += CONTRAST * (events[:, frame, 0].astype(np.float64) - events[:, frame, 1])
    return events


def load_events() -> Dataset:
    """The digits as event frames (N, 8, 2, 12, 12), split as the digits are; the same every
    time.
    """
    x, y = images()
    frames = camera(x[:, 0].astype(np.float64) / 16)
    test = every_fifth(y)
    return Dataset("events", frames[~test], y[~test], frames[test], y[test], CLASSES)
