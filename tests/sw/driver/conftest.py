"""A driver on a board that is a model in Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spikeloom.driver import Accelerator
from spikeloom.interface.manifest import Manifest

from tests.sw.driver.fake import Board, Shell, manifest, opened

Maker = Callable[..., tuple[Accelerator, Board]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Maker:
    """Opens a driver; the arguments are those of :func:`opened`, and ``made``, ``buffer_bytes`` and
    ``patience``.
    """

    def open_it(
        made: Manifest | None = None,
        buffer_bytes: int = 820,
        patience: int = 20_000,
        **options: Any,
    ) -> tuple[Accelerator, Board]:
        board = opened(monkeypatch, tmp_path, Shell(made or manifest()), **options)
        return (
            Accelerator(tmp_path / "fake.bit", buffer_bytes=buffer_bytes, patience=patience),
            board,
        )

    return open_it


@pytest.fixture
def words() -> np.ndarray:
    """70 images of words: more than one buffer's full."""
    return np.random.default_rng(0).integers(0, 16, (70, 2, 3, 4), dtype=np.uint8)


def answer(words: np.ndarray) -> np.ndarray:
    """What the model computes."""
    return (np.arange(5) + 1) * words.reshape(len(words), -1).sum(axis=1, dtype=np.int64)[
        :, None
    ] - 7
