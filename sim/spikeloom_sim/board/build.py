"""From an emitted network to a library with its shell: ``rtl/shell.v``, ``rtl/top.v`` and ``manifest.json`` in, ``sim/<hash>.so`` out."""

from __future__ import annotations

import hashlib
from pathlib import Path

from spikeloom import manifest as manifests
from spikeloom.manifest import Manifest

from spikeloom_sim import verilate
from spikeloom_sim.board.bench import bench
from spikeloom_sim.board.simulation import BoardError
from spikeloom_sim.verilate import Harness, Source

HARNESS = Harness(
    Path(__file__).parent / "harness",
    ("board.cpp", "board.h", "memory.h", "faults.h", "rules.h", "../../random.h"),
    '#include "board.h"\nspikeloom::board::Base* open_{index}(uint64_t seed) {{ return new spikeloom::board::Board<{prefix}>(seed); }}\n',
)


def source(folder: Path, manifest: Manifest) -> Source:
    """What the library is built of. Raises BoardError where the Verilog is not that of the manifest."""
    shell, top = folder / "rtl" / "shell.v", folder / "rtl" / "top.v"
    for path in (shell, top):
        if not path.is_file():
            raise BoardError(f"{path}: expected an emitted network, found none; run 'spikeloom emit' first")
    if hashlib.sha256(top.read_bytes()).hexdigest() != manifest.top_sha256:
        raise BoardError(f"{top}: is not the hardware that manifest.json describes; run 'spikeloom emit' again")
    return Source((shell, top), bench(manifest.address_width, manifest.memory_width))


def build(folder: Path | str, optimise: str = "-O2") -> Path:
    """The library of an emitted network, built under ``sim/`` in its folder unless it is there already.

    Raises SpikeLoomError where there is no such network, or no tool to build it.
    """
    folder = Path(folder)
    return verilate.library(folder / "sim", [source(folder, manifests.load(folder))], optimise=optimise, harness=HARNESS)
