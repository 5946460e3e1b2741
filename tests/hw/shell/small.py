"""A stand-in for the network, small and with a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from spikeloom.interface.manifest import Manifest

from tests.hw.shell.board import OUTPUT, Board, fill
from tests.sim.toy import Toy

BEATS, OUTPUTS = 10, 3


def toy(width: int = 64, fault: str = "") -> tuple[Toy, Manifest]:
    made = Toy(steps=5, group=3, beats=BEATS, outputs=OUTPUTS, fault=fault)
    return made, replace(
        made.manifest(), memory_width=width, address_width=40 if width == 128 else 32
    )


def answer(words: np.ndarray) -> np.ndarray:
    return words.reshape(len(words), -1).sum(axis=1)[:, None] * np.arange(1, OUTPUTS + 1) - 1000


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 32, (count, 3, 1, BEATS))


async def works(board: Board, count: int = 5) -> None:
    """A job ends well, and its results are right."""
    words = images(count)
    fill(board.shell.manifest, board.memory, words)
    board.memory.bytes[OUTPUT : OUTPUT + 1024] = 0
    await board.set("error", 0xFFFF_FFFF)
    await board.start(count)
    assert (await board.wait(), await board.flags("error")) == ({"done"}, set())
    np.testing.assert_array_equal(board.results(count), answer(words))
    assert not board.memory.bytes[OUTPUT + 4 * count * OUTPUTS : OUTPUT + 1024].any(), (
        "more was written than there are results"
    )
