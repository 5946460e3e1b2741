"""Words of images to beats of the input stream, and back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.manifest import InputFormat, OutputFormat
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.checksums import packed

CHUNK = 256
"""Images at a time: one byte per bit is held for so many."""

Bytes = npt.NDArray[np.uint8]


def pack(words: Ints, form: InputFormat) -> Bytes:
    """Words (N, C, H, W) to beats (N, beats, beat_bytes), little endian: channel c of a group at
    bits c·T and up.

    Raises SpikeLoomError where the shape is another one, or a word does not fit T bits.
    """
    steps, group = form.code.steps, form.group
    if words.ndim != 4 or words.shape[1:] != form.shape:
        raise SpikeLoomError(
            f"input words: expected (batch, {', '.join(map(str, form.shape))}), got"
            f" {tuple(words.shape)}"
        )
    if words.size and (words.min() < 0 or words.max() >> steps):
        raise SpikeLoomError(
            f"input words: expected 0 to {(1 << steps) - 1}, found {words.min()} to {words.max()}"
        )
    beats = np.empty((len(words), form.beats, form.beat_bytes), dtype=np.uint8)
    for start in range(0, len(words), CHUNK):
        part = words[start : start + CHUNK]
        beats[start : start + CHUNK] = packed(
            part.transpose(0, 2, 3, 1).reshape(len(part), form.beats, group), steps
        )
    return beats


def unpack(beats: Bytes, form: InputFormat) -> Ints:
    """The inverse of :func:`pack`."""
    steps, (channels, height, width) = form.code.steps, form.shape
    bits = np.unpackbits(beats, axis=-1, bitorder="little")[..., : form.group * steps].reshape(
        len(beats), height, width, channels, steps
    )
    words = (bits.astype(np.int64) << np.arange(steps)).sum(axis=-1)
    return np.ascontiguousarray(words.transpose(0, 3, 1, 2))


def unpack_output(values: Ints, form: OutputFormat) -> Ints:
    """Values in the order of the output stream (N, beats) to (N, C, H, W)."""
    channels, height, width = form.shape
    return np.ascontiguousarray(
        values.reshape(len(values), height, width, channels).transpose(0, 3, 1, 2)
    )
