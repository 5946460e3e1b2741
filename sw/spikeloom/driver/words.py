"""Between numpy and the two buffers in memory: images in, results out, with as few passes over the
data as possible.

Integers of the network's own words are copied once, as they are, or packed where several share a
byte; the fabric makes the planes. Real numbers are quantized on the way, by the golden model's own
function.
"""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.driver.errors import BufferFault, InputError
from spikeloom.driver.packing import PASSES, packed
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.manifest import InputFormat, OutputFormat
from spikeloom.ir import boundary

Array = npt.NDArray[Any]


class Images:
    """A batch that was checked once and is written into buffers in parts.

    Arguments: x: real input (N, *real_shape) of floats (or bool), or the words themselves as
    integers (N, C, H, W), also in real_shape; (N, H, W) where there is one channel. Integers count
    as words unless the network takes events, (N, T, C, H, W) of 0 and 1. Raises InputError on any
    other input.
    """

    def __init__(self, x: Array, form: InputFormat) -> None:
        if not isinstance(x, np.ndarray):
            raise InputError(
                f"input: expected a numpy array, got {type(x).__name__}; convert it with"
                " numpy.asarray"
            )
        if x.ndim < 1 or not len(x):
            raise InputError(
                f"input: expected at least one image, batch first, got shape {tuple(x.shape)}"
            )
        self.form, self.raw = form, is_words(x, form)
        if self.raw:
            self.x = word_images(x, form)
        else:
            try:
                boundary.check(form, x)
            except SpikeLoomError as error:
                raise InputError(str(error)) from None
            self.x = x

    def __len__(self) -> int:
        return len(self.x)

    def part(self, start: int, stop: int) -> Images:
        """Some of them, not checked again."""
        some = copy(self)
        some.x = self.x[start:stop]
        return some

    @property
    def passes(self) -> int:
        """Times that numpy goes over the data on its way into the buffer."""
        packing = (
            PASSES[self.form.container_bits] + self.form.code.signed
            if self.form.container_bits < 8
            else 0
        )
        if self.raw:
            return packing + (1 if fits(self.x.dtype, self.form) else 3)
        return packing + (
            boundary.QUANTIZE_PASSES + 1 if not self.form.events else self.form.code.steps + 6
        )

    def write(self, memory: Array, start: int, stop: int) -> None:
        """Images ``start`` to ``stop - 1`` to the beginning of an input buffer of bytes."""
        part = self.x[start:stop]
        if not self.raw:
            part = (
                boundary.packed(self.form, part)
                if self.form.events
                else boundary.quantized(self.form, part)
            )
        if self.form.container_bits < 8:
            memory[: len(part) * self.form.image_bytes] = packed(part, self.form)
        else:
            view_in(memory, self.form, len(part))[...] = part.transpose(0, 2, 3, 1)


def pack(x: Array, form: InputFormat) -> npt.NDArray[np.uint8]:
    """Images as the fabric reads them: bytes (N, image_bytes) for an input buffer, see
    ``docs/reference/registers.md``.

    Arguments: x: real input or words, as :class:`Images` takes them. form: ``input`` of the
    manifest. Raises InputError on any other input.
    """
    images = Images(x, form)
    lying = np.empty(len(images) * form.image_bytes, dtype=np.uint8)
    images.write(lying, 0, len(images))
    return lying.reshape(len(images), form.image_bytes)


def is_words(x: Array, form: InputFormat) -> bool:
    """Whether an array holds words, not real numbers."""
    return np.issubdtype(x.dtype, np.integer) and not (
        form.events and tuple(x.shape[1:]) == form.real_shape
    )


def limits(form: InputFormat) -> tuple[int, int]:
    """Least and greatest word, two's complement where words are signed."""
    code = form.code
    return (
        (code.min_value + form.narrow, code.max_value)
        if code.signed
        else (0, (1 << code.steps) - 1)
    )


def fits(dtype: np.dtype[Any], form: InputFormat) -> bool:
    """Whether every number of a type is a word, so that nothing need be checked."""
    low, high = limits(form)
    return bool(np.iinfo(dtype).min >= low and np.iinfo(dtype).max <= high)


def word_images(x: Array, form: InputFormat) -> Array:
    """Words as (N, C, H, W), without a copy. Raises InputError where the shape or a number is none
    of the network's.
    """
    channels, height, width = form.shape
    shapes = (
        {form.shape}
        | ({(height, width)} if channels == 1 else set())
        | (set() if form.events else {form.real_shape})
    )
    if tuple(x.shape[1:]) not in shapes:
        expected = " or ".join(
            f"(batch, {', '.join(map(str, shape))})" for shape in sorted(shapes, key=len)
        )
        raise InputError(f"input: expected words {expected}, got {tuple(x.shape)}")
    low, high = limits(form)
    if not fits(x.dtype, form) and (x.min() < low or x.max() > high):
        raise InputError(
            f"input: expected words {low} to {high}, found {x.min()} to {x.max()}; "
            "integers are words of the network, give real numbers as floats"
        )
    return x.reshape(-1, *form.shape)


def view_in(memory: Array, form: InputFormat, images: int) -> Array:
    """The first ``images`` images of an input buffer of bytes as (images, H, W, C) words, little
    endian, without a copy.

    Raises BufferFault where several words share a byte.
    """
    channels, height, width = form.shape
    if form.container_bits < 8:
        raise BufferFault(
            f"input buffer: {8 // form.container_bits} words of {form.container_bits} bits share a"
            " byte, which no array shows in place; write images with Accelerator.write, or the"
            " bytes of spikeloom.driver.pack"
        )
    kind = np.dtype(f"<{'i' if form.code.signed else 'u'}{form.container_bits // 8}")
    return memory[: images * form.image_bytes].view(kind).reshape(images, height, width, channels)


def view_out(memory: Array, form: OutputFormat, images: int) -> Array:
    """The first ``images`` results in an output buffer of bytes as (images, O, H, W)."""
    channels, height, width = form.shape
    kind = np.dtype("<i4" if form.code is None else "<u4")
    return (
        memory[: 4 * images * form.beats]
        .view(kind)
        .reshape(images, height, width, channels)
        .transpose(0, 3, 1, 2)
    )


def values_of(words: Array, form: OutputFormat) -> Array:
    """Integers that output words stand for, in a new array."""
    return words.astype(np.int64) if form.code is None else form.code.value(words.astype(np.int64))


def output_passes(form: OutputFormat) -> int:
    """Times that numpy goes over results until they are real numbers: type, planes of a spiking
    output, scale, bias.
    """
    if form.code is None:
        return 2
    return 3 if form.code.plain and not form.code.signed else 3 + 2 * form.code.steps


def flat(values: Array) -> Array:
    """(N, O, 1, 1) as (N, O); a map as it is."""
    return values[:, :, 0, 0] if values.shape[2:] == (1, 1) else values
