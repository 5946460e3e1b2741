"""From an emitted network to a library with its shell: ``rtl/shell.v``, ``rtl/top.v`` and
``manifest.json`` in, ``sim/<hash>.so`` out.

Or with ``rtl/ps7_top.v``: shell and bridges below a model of the processing system, as a bitstream
of the open flow has them.
"""

from __future__ import annotations

from pathlib import Path

from spikeloom.interface import manifest as manifests
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.verilog import checked

from spikeloom_sim.board.bench import bench, ps7_bench
from spikeloom_sim.board.simulation import BoardError
from spikeloom_sim.network import verilate
from spikeloom_sim.network.compiler import Harness
from spikeloom_sim.network.verilate import Source

HARNESS = Harness(
    Path(__file__).parent / "harness",
    (
        "board.cpp",
        "board.h",
        "memory.h",
        "faults.h",
        "rules.h",
        "ps7.h",
        "../../network/files.h",
        "../../network/random.h",
    ),
    '#include "board.h"\nstatic spikeloom::board::Base* open_{index}(uint64_t seed) {{ return new'
    " spikeloom::board::Board<{prefix}>(seed); }}\n"
    "static const spikeloom::board::Registered registered_{index}({index}, open_{index});\n",
)


TOPS = ("shell", "ps7_top")
"""What can be simulated: the shell alone, or the top of the open flow."""

MODELS = tuple(Path(__file__).parent / "ps7" / name for name in ("ps7.v", "master.v", "slave.v"))


def source(folder: Path, manifest: Manifest, top: str = "shell") -> Source:
    """What the library is built of. Raises SpikeLoomError where the Verilog is not that of the
    manifest.
    """
    if top not in TOPS:
        raise BoardError(f"top: expected one of {', '.join(TOPS)}, got {top!r}")
    files = tuple(
        folder / "rtl" / f"{name}.v"
        for name in ("ps7_top", "shell", "top")[0 if top == "ps7_top" else 1 :]
    )
    for path in files:
        if not path.is_file():
            raise BoardError(
                f"{path}: expected an emitted network, found none; run 'spikeloom emit' first"
            )
    checked(folder, manifest)
    if top == "ps7_top":
        return Source((*files, *MODELS), ps7_bench(manifest.address_width, manifest.memory_width))
    return Source(files, bench(manifest.address_width, manifest.memory_width))


def build(folder: Path | str, optimise: str = "-O2", top: str = "shell") -> Path:
    """The library of an emitted network, built under ``sim/`` in its folder unless it is there
    already.

    Raises SpikeLoomError where there is no such network, or no tool to build it.
    """
    folder = Path(folder)
    return verilate.library(
        folder / "sim",
        [source(folder, manifests.load(folder), top)],
        optimise=optimise,
        harness=HARNESS,
    )
