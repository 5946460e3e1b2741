"""The vectors of the test bench where nothing else is named: input words, and what the golden model
answers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spikeloom.files import load_array, save_array
from spikeloom.ir import golden
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.plan import Plan

IMAGES = 8


def stream_order(words: Ints) -> Ints:
    """(N, C, H, W) to (N, height, width, channel): the order of the beats."""
    return np.ascontiguousarray(words.transpose(0, 2, 3, 1))


def words_of(plan: Plan, folder: Path) -> Ints:
    """The first images of the folder's test set; without one, words with a random quarter of their
    bits set, always the same.
    """
    path, source = folder / "test_x.npy", plan.graph.input
    if path.exists():
        return golden.quantize(source, load_array(path)[:IMAGES])
    rng = np.random.default_rng(0)
    return source.code.pack(
        (rng.random((source.code.steps, IMAGES, *source.shape)) < 0.25).astype(np.int64)
    )


def write(plan: Plan, folder: Path, target: Path) -> None:
    """``input.npy``, 16 bits a word, and ``expected.npy``, 32 bits a value, both in the order of
    the streams.
    """
    words = words_of(plan, folder)
    expected = golden.trace(plan.graph, words)[plan.graph.output.name]
    save_array(target / "input.npy", stream_order(words).astype("<u2"))
    save_array(
        target / "expected.npy", stream_order(expected).reshape(len(words), -1).astype("<i4")
    )
