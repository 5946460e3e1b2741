"""Emitted networks, small ones, for both boards."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from amaranth.back import verilog
from spikeloom import compile
from spikeloom.files import save_text
from spikeloom.frontend.onnx.write import write_model
from spikeloom.interface.boards import find_board
from spikeloom.interface.manifest import Manifest
from spikeloom_hw.emit import shell_text

from tests.sim.toy import Toy
from tests.sw.small_network import network

STAGES = ("conv1", "conv1.skip", "fc")


def emit(folder: Path, board: str, clock_mhz: float | None = None, name: str = "toy") -> Manifest:
    """The three files of an emitted network, whose layers are said to be ``STAGES``."""
    toy = Toy(steps=4, group=2, beats=4, outputs=3)
    top = verilog.convert(toy, name="top", emit_src=False, strip_internal_attrs=True)
    known = find_board(board)
    manifest = replace(
        toy.manifest(),
        name=name,
        board=board,
        clock_mhz=clock_mhz or known.clock_mhz,
        top_sha256=hashlib.sha256(top.encode()).hexdigest(),
        stages=STAGES,
        memory_width=known.memory_width,
        address_width=known.address_width,
    )
    save_text(folder / "rtl" / "top.v", top)
    save_text(folder / "manifest.json", manifest.to_json())
    save_text(folder / "rtl" / "shell.v", shell_text(manifest))
    return manifest


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folder of an emitted network by board. Nobody writes into them."""
    folders = {board: tmp_path_factory.mktemp(board) / "toy" for board in ("pynq-z2", "zcu104")}
    for board, folder in folders.items():
        emit(folder, board)
    return folders


@pytest.fixture(scope="session")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network, compiled and emitted. Nobody writes into it."""
    folder = tmp_path_factory.mktemp("net") / "small"
    folder.mkdir()
    write_model(network(), folder / "model.onnx")
    compile(folder / "model.onnx", folder=folder).emit()
    return folder
