"""Words of an image as they lie in memory where several of them share a byte: fast, since a host
does it for every image.

:attr:`spikeloom.interface.manifest.InputFormat.container_bits` says how many bits a word takes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.interface.manifest import InputFormat

PASSES = {1: 2, 2: 4, 4: 4}
"""Times that numpy goes over the data after :func:`packed` has copied it, until it is in memory, by
bits of a container.

Once more where words are signed.
"""


def together(lying: npt.NDArray[np.uint8], bits: int) -> npt.NDArray[np.uint8]:
    """Bytes below ``2**bits``, ``8 // bits`` of them to one byte, the first in the lowest bits;
    ``bits`` is 1, 2 or 4.

    Two or four bytes, read as one number, are multiplied by a number whose set bits move each of
    them to its place in the highest byte. No two of the products overlap, so that nothing is
    carried.
    """
    if bits == 1:
        return np.packbits(lying, bitorder="little")
    count = 8 // bits
    kind = np.dtype(f"<u{count}")
    factor = sum(1 << 8 * (count - 1 - k) + bits * k for k in range(count))
    products: npt.NDArray[Any] = lying.view(kind) * kind.type(factor)
    products >>= kind.type(8 * (count - 1))
    highest: npt.NDArray[np.uint8] = products.astype(np.uint8)
    return highest


def packed(words: npt.NDArray[Any], form: InputFormat) -> npt.NDArray[np.uint8]:
    """Words (N, C, H, W) of less than a byte as the bytes of N images, in the order (H, W, C);
    negative ones in two's complement.

    The words are whole numbers of any type that the format has; they are not checked.
    """
    bits = form.container_bits
    # A negative float as an unsigned integer is not the same number on every processor.
    lying = (
        words.transpose(0, 2, 3, 1)
        .astype(np.int8 if form.code.signed else np.uint8, order="C")
        .reshape(-1)
        .view(np.uint8)
    )
    if form.code.signed:
        lying &= (1 << bits) - 1
    return together(lying, bits)
