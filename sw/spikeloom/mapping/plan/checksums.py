"""What the CRC registers of the hardware must hold: one per node that spikes, over its output
beats, so that a wrong layer has a name.

A beat is what leaves a stage in one transfer, ``windows * elements`` words of T bits, lowest first,
filled up with zeros to whole bytes; the CRC is zlib's, over the beats of all images in order.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.plan import Plan

CHUNK = 256
"""Images at a time: one byte per bit is held for so many."""


def packed(words: Ints, steps: int) -> npt.NDArray[np.uint8]:
    """Words (..., count) of ``steps`` bits side by side in bytes (..., ceil(count * steps / 8)),
    little endian.
    """
    flat = np.ascontiguousarray(words, dtype="<u2")
    bits = np.unpackbits(flat.view(np.uint8).reshape(*flat.shape, 2), axis=-1, bitorder="little")[
        ..., :steps
    ]
    return np.packbits(
        bits.reshape(*words.shape[:-1], words.shape[-1] * steps), axis=-1, bitorder="little"
    )


def beats(plan: Plan, name: str, words: Ints) -> Ints:
    """Words (N, C, H, W) of a node in the order in which they leave it: (N, beats, words of a
    beat).
    """
    n, channels, height, width = words.shape
    elements, windows = (
        plan.o_group(name),
        1 if name == plan.graph.input.name else plan.foldings[name].windows,
    )
    grid = words.reshape(n, channels // elements, elements, height, width // windows, windows)
    return grid.transpose(0, 3, 4, 1, 5, 2).reshape(n, -1, windows * elements)


def checksums(plan: Plan, trace: Mapping[str, Ints]) -> dict[str, int]:
    """``<node>.crc`` of every node that spikes, for the words (N, C, H, W) that
    :func:`spikeloom.ir.golden.trace` gives.
    """
    found = {}
    for name, words in trace.items():
        code, value = plan.graph.codes[name], 0
        if code is None:
            continue
        for start in range(0, len(words), CHUNK):
            value = zlib.crc32(
                packed(beats(plan, name, words[start : start + CHUNK]), code.steps).tobytes(), value
            )
        found[f"{name}.crc"] = value
    return found
