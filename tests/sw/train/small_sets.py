"""The synthetic image sets with a few hundred images, for tests that load them by name."""

from __future__ import annotations

from functools import partial

import pytest
from spikeloom.train import data
from spikeloom.train.data.digits28 import load_digits28
from spikeloom.train.data.textured import load_textured

TRAIN, TEST = 192, 64


def shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    """``data.load`` gives small sets until the test ends."""
    monkeypatch.setitem(data._EMBEDDED, "digits28", partial(load_digits28, TRAIN, TEST))
    monkeypatch.setitem(data._EMBEDDED, "textured", partial(load_textured, TRAIN, TEST))
