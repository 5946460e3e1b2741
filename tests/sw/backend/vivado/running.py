"""The Tcl of a folder run against the model, and what the tests ask afterwards."""

from __future__ import annotations

import hashlib
from pathlib import Path

from spikeloom.backend.vivado import flow as vivado
from spikeloom.interface import manifest as manifests

from tests.sw.backend.vivado.fake import handoff
from tests.sw.backend.vivado.interpreter import Interpreter
from tests.sw.backend.vivado.model import Vivado
from tests.sw.backend.vivado.setup import Setup

BOARDS = ("pynq-z2", "zcu104")


def run(folder: Path, setup: Setup | None = None) -> tuple[int, Vivado]:
    """Exit status of ``build.tcl`` and what Vivado was asked for."""
    manifest = manifests.load(folder)
    model = Vivado(folder, setup or Setup(), handoff(manifest), manifest.stages)
    return Interpreter(folder, model).run(), model


def prepared(networks: dict[str, Path], tmp_path: Path, board: str, ooc: bool = False) -> Path:
    vivado.prepare(networks[board], tmp_path / "vivado", ooc=ooc)
    return tmp_path / "vivado"


def contents(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def of(model: Vivado, name: str) -> list[tuple[dict[str, str], tuple[str, ...]]]:
    return [(call.options, call.rest) for call in model.calls if call.name == name]
