"""The boards that networks are planned for."""

from __future__ import annotations

from dataclasses import dataclass

from spikeloom.errors import SpikeLoomError


@dataclass(frozen=True)
class Board:
    """What a board has.

    Attributes
    ----------
    part: the FPGA, as its vendor's tools name it.
    family: as Yosys names it.
    lut, ff, bram36, uram, dsp: how many of each there are.
    clock_mhz: clock that plans assume unless told otherwise; an assumption until a place-and-route says so.
    memory_width, address_width: bits of data and of address of one port to external memory.
    """

    name: str
    part: str
    family: str
    lut: int
    ff: int
    bram36: int
    uram: int
    dsp: int
    clock_mhz: float
    memory_width: int
    address_width: int


BOARDS: dict[str, Board] = {
    board.name: board
    for board in (
        Board("pynq-z2", "xc7z020clg400-1", "xc7", 53_200, 106_400, 140, 0, 220, 100.0, 64, 32),
        Board("zcu104", "xczu7ev-ffvc1156-2-e", "xcup", 230_400, 460_800, 312, 96, 1_728, 250.0, 128, 40),
    )
}


CLOCKS = (1.0, 1000.0)
"""MHz that a plan may assume."""


def find_clock(board: Board, clock_mhz: float | None) -> float:
    """The clock in MHz that is asked for, else the board's usual one. Raises SpikeLoomError outside of ``CLOCKS``."""
    clock = clock_mhz if clock_mhz is not None else board.clock_mhz
    if not CLOCKS[0] <= clock <= CLOCKS[1]:
        raise SpikeLoomError(
            f"clock must be {CLOCKS[0]:g} to {CLOCKS[1]:g} MHz, got {clock:g}; {board.name} usually runs at {board.clock_mhz:g}"
        )
    return clock


def find_board(name: str) -> Board:
    """The board of that name. Raises SpikeLoomError if there is none."""
    if name not in BOARDS:
        raise SpikeLoomError(f"board {name!r} is unknown: expected one of {', '.join(sorted(BOARDS))}")
    return BOARDS[name]
