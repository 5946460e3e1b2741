"""The stand-in of a shell (``standin.v``): it copies memory words, and breaks one rule at a time.
It tests the board, not the hardware.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from spikeloom.interface.boards import find_board
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import register
from spikeloom_sim.board import Simulation
from spikeloom_sim.board.bench import bench
from spikeloom_sim.board.build import HARNESS
from spikeloom_sim.network import verilate

from tests.sim.toy import Toy

BUG = 0x100


def verilog(address_width: int, memory_width: int) -> str:
    text = Path(__file__).with_name("standin.v").read_text(encoding="utf-8")
    return text.replace(
        "A = 32, parameter W = 64", f"A = {address_width}, parameter W = {memory_width}"
    )


def library(folder: Path, widths: tuple[tuple[int, int], ...] = ((32, 64), (40, 128))) -> Path:
    """A library with a stand-in per pair of widths."""
    sources = []
    for address_width, memory_width in widths:
        path = folder / f"shell_{memory_width}.v"
        path.write_text(verilog(address_width, memory_width), encoding="utf-8")
        sources.append(verilate.Source((path,), bench(address_width, memory_width)))
    return verilate.library(folder, sources, optimise="-O1", harness=HARNESS)


def manifest(board: str) -> Manifest:
    found = find_board(board)
    toy = Toy(steps=4, group=9, beats=8, outputs=10).manifest()
    widths = {"memory_width": found.memory_width, "address_width": found.address_width}
    top = hashlib.sha256(b"").hexdigest()
    return replace(toy, board=board, clock_mhz=found.clock_mhz, top_sha256=top, **widths)


def emitted(folder: Path, board: str) -> Path:
    """A folder as ``spikeloom emit`` leaves it, with the stand-in in the place of shell and
    network.
    """
    made = manifest(board)
    (folder / "rtl").mkdir(parents=True)
    (folder / "rtl" / "top.v").write_text("", encoding="utf-8")
    (folder / "rtl" / "shell.v").write_text(
        verilog(made.address_width, made.memory_width), encoding="utf-8"
    )
    (folder / "manifest.json").write_text(made.to_json(), encoding="utf-8")
    return folder


def offset(name: str) -> int:
    return register(name).offset


def start(simulation: Simulation, source: int, target: int, words: int, bug: int = 0) -> None:
    """Begin to copy so many memory words."""
    for name, value in (("input_address", source), ("output_address", target)):
        simulation.write(offset(name), value & 0xFFFF_FFFF)
        simulation.write(offset(name) + 4, value >> 32)
    simulation.write(offset("input_words"), words)
    simulation.write(BUG, bug)
    simulation.write(offset("control"), 1)


def finished(simulation: Simulation, limit: int = 100_000) -> bool:
    """Wait for the end; whether it came within so many cycles."""
    end = simulation.cycles + limit
    while simulation.read(offset("status")) != 2:
        simulation.advance(50)
        if simulation.cycles > end:
            return False
    return True


def copy(
    simulation: Simulation, source: int, target: int, words: int, bug: int = 0, limit: int = 100_000
) -> int:
    """Copy so many words; the cycles that it took as the stand-in counts them. Fails if the end
    does not come.
    """
    start(simulation, source, target, words, bug)
    assert finished(simulation, limit)
    return simulation.read(offset("job_cycles"))
