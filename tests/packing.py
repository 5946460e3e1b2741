"""How images lie in memory, bit by bit: the slow definition that fast packing, benches and models
of a board are held against.
"""

from __future__ import annotations

import numpy as np
from spikeloom.interface.manifest import InputFormat
from spikeloom.ir.number import Ints


def laid(words: Ints, form: InputFormat) -> bytes:
    """Words (N, C, H, W) one after the other, channels innermost, each in its container, the lowest
    bit of all first.
    """
    bits, memory = form.container_bits, 0
    for k, word in enumerate(words.transpose(0, 2, 3, 1).ravel().tolist()):
        memory |= (int(word) & ((1 << bits) - 1)) << k * bits
    return memory.to_bytes(len(words) * form.image_bytes, "little")


def found(memory: bytes, form: InputFormat, images: int) -> Ints:
    """Words (images, words of an image) in the order of memory, of which only the bits of a word
    are looked at.
    """
    bits, whole = form.container_bits, int.from_bytes(memory[: images * form.image_bytes], "little")
    words = [whole >> k * bits & ((1 << form.code.steps) - 1) for k in range(images * form.words)]
    return np.array(words, dtype=np.int64).reshape(images, form.words)
