"""The board in simulation: the Verilated shell, a memory and a host, below the real pynq classes.

:class:`SimulatedBoard` needs pynq, :class:`Simulation` does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spikeloom_sim.board.build import build
from spikeloom_sim.board.model import Fault, MemoryModel, random_memory
from spikeloom_sim.board.simulation import AxiViolation, BoardError, Simulation, Traffic

if TYPE_CHECKING:
    from spikeloom_sim.board.device import SimulatedBoard

__all__ = [
    "AxiViolation",
    "BoardError",
    "Fault",
    "MemoryModel",
    "SimulatedBoard",
    "Simulation",
    "Traffic",
    "build",
    "random_memory",
]


def __getattr__(name: str) -> Any:
    if name != "SimulatedBoard":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from spikeloom_sim.board.device import SimulatedBoard

    return SimulatedBoard
