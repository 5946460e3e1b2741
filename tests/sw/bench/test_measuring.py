"""A row is made of the hardware of this very engine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from spikeloom.bench import measuring
from spikeloom.bench.rows import find


class Simulated(Exception):
    """The RTL would have been simulated."""


def test_verilog_is_emitted_before_it_is_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the folder has some of the same plan."""
    emitted: list[bool] = []

    def speed(*_: object) -> None:
        assert emitted == [True]
        raise Simulated

    np.save(tmp_path / "test_x.npy", np.zeros((4, 1), np.float32))
    monkeypatch.setattr(measuring, "answers", lambda *_: None)
    monkeypatch.setattr(measuring, "speed", speed)
    made = SimpleNamespace(folder=tmp_path, emitted=True, emit=lambda: emitted.append(True))
    with pytest.raises(Simulated):
        measuring.measure(find("tfc-w2t2"), made, 4, lambda *_: None)
