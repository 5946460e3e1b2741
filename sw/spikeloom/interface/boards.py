"""The boards that networks are planned for: one file each in ``bitstreams/boards/``."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from spikeloom.errors import SpikeLoomError
from spikeloom.files import bitstreams


@dataclass(frozen=True)
class Board:
    """What a board has.

    Attributes
    ----------
    part: the FPGA, as its vendor's tools name it.
    family: as Yosys names it.
    lut, ff, bram36, uram, dsp: how many of each there are.
    clock_mhz: clock that plans assume unless told otherwise; an assumption until a place-and-route
        says so.
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


def board_data(name: str) -> dict[str, Any]:
    """Everything in the file of a board. Raises SpikeLoomError if there is none."""
    return dict(tables()[find_board(name).name])


@cache
def tables() -> dict[str, dict[str, Any]]:
    """The files of all boards, by name. Raises SpikeLoomError where one is broken, or none is
    there.
    """
    folder = bitstreams() / "boards"
    found = {path.stem: read(path) for path in sorted(folder.glob("*.toml"))}
    if not found:
        raise SpikeLoomError(
            f"{folder}: expected a file for each board, found none; install spikeloom again"
        )
    return found


def read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SpikeLoomError(
            f"{path}: expected the description of a board in TOML, found something else ({error})"
        ) from error


CLOCKS = (1.0, 1000.0)
"""MHz that a plan may assume."""

FAMILIES = ("xc7", "xcup")
"""FPGAs that estimates and tools know, as Yosys names them."""


def is_number(value: object, low: float, high: float = float("inf")) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def is_count(value: object, low: int, high: float = float("inf")) -> bool:
    return isinstance(value, int) and is_number(value, low, high)


RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "part": (lambda v: isinstance(v, str) and v != "", "the FPGA as its vendor's tools name it"),
    "family": (lambda v: v in FAMILIES, f"one of {', '.join(FAMILIES)}"),
    "clock_mhz": (lambda v: is_number(v, *CLOCKS), f"a number from {CLOCKS[0]:g} to {CLOCKS[1]:g}"),
    **{f"resources.{name}": (lambda v: is_count(v, 1), "their number") for name in ("lut", "ff")},
    **{
        f"resources.{name}": (lambda v: is_count(v, 0), "their number, or 0")
        for name in ("bram36", "uram", "dsp")
    },
    "memory.width": (lambda v: is_count(v, 32) and v in (32, 64, 128), "32, 64 or 128"),
    "memory.address_width": (lambda v: is_count(v, 32, 40), "a whole number from 32 to 40"),
}
"""By key of a board's file: whether a value is right, and what it should be."""


def faults(data: dict[str, Any]) -> list[str]:
    """All that is wrong in the file of a board."""
    found = dict(data)
    for name in ("resources", "memory"):
        if isinstance(table := data.get(name), dict):
            found |= {f"{name}.{key}": value for key, value in table.items()}
    return [
        f"{key}: expected {what}, found {repr(found[key]) if key in found else 'nothing'}"
        for key, (right, what) in RULES.items()
        if not right(found.get(key))
    ] + [f"{key}: expected no such key" for key in found if "." in key and key not in RULES]


def made(name: str, data: dict[str, Any]) -> Board:
    """The board that a file describes. Raises SpikeLoomError with all that is wrong in it."""
    if wrong := faults(data):
        raise SpikeLoomError(f"{bitstreams() / 'boards' / name}.toml: {'; '.join(wrong)}")
    return Board(
        name,
        part=data["part"],
        family=data["family"],
        clock_mhz=float(data["clock_mhz"]),
        memory_width=data["memory"]["width"],
        address_width=data["memory"]["address_width"],
        **data["resources"],
    )


BOARDS: dict[str, Board] = {name: made(name, data) for name, data in tables().items()}


def find_clock(board: Board, clock_mhz: float | None) -> float:
    """The clock in MHz that is asked for, else the board's usual one. Raises SpikeLoomError outside
    of ``CLOCKS``.
    """
    clock = clock_mhz if clock_mhz is not None else board.clock_mhz
    if not CLOCKS[0] <= clock <= CLOCKS[1]:
        raise SpikeLoomError(
            f"clock must be {CLOCKS[0]:g} to {CLOCKS[1]:g} MHz, got {clock:g}; {board.name} usually"
            f" runs at {board.clock_mhz:g}"
        )
    return clock


def find_board(name: str) -> Board:
    """The board of that name. Raises SpikeLoomError if there is none."""
    if name not in BOARDS:
        raise SpikeLoomError(
            f"board {name!r} is unknown: expected one of {', '.join(sorted(BOARDS))}"
        )
    return BOARDS[name]
