"""The simulated board under both versions of pynq; the tests themselves are in ``on_pynq.py``."""

from __future__ import annotations

from pathlib import Path

import pytest
from spikeloom_sim.board import build

from tests.pynq_versions import VERSIONS, run_tests
from tests.sim.board.standin import emitted

BOARDS = ("pynq-z2", "zcu104")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder per board with a stand-in, its library built."""
    root = tmp_path_factory.mktemp("boards")
    for board in BOARDS:
        build(emitted(root / board, board), "-O1")
    return root


@pytest.mark.parametrize("version", VERSIONS)
def test_real_classes_of_pynq(version: str, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKELOOM_BOARDS", str(folders))
    run_tests(version, Path(__file__).with_name("on_pynq.py"))
