"""The board's own software: whether it is ready, and the exact command where it is not.

The simulated board is a pynq device like any other, one that says ``simulated``; it needs neither
root nor an image.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

from spikeloom.driver.errors import MismatchError, SetupError

VENV = Path("/etc/profile.d/pynq_venv.sh")
"""Activates the Python environment of a PYNQ image."""

BOARD_NAME = Path("/proc/device-tree/chosen/pynq_board")
"""The name of the board that a PYNQ image was made for."""

LEAST, BELOW = (3, 1), (5, 0)
"""Versions of pynq that the driver is for."""

XRT = "XILINX_XRT"
"""Without this variable pynq looks for no device."""


def on_board() -> bool:
    """Whether this runs on a PYNQ image."""
    return VENV.exists() or BOARD_NAME.exists()


def command() -> str:
    """What to type in order to run this very program as it must run on a board."""
    program = sys.argv[0] if sys.argv and sys.argv[0].endswith(".py") else "your_script.py"
    return f"sudo bash -c 'source {VENV} && export {XRT}=/usr && python3 {program}'"


def pynq_module() -> Any:
    """pynq itself. Raises SetupError if it is missing, or a version that the driver was not made
    for.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pynq
    except ImportError as error:
        if on_board():
            raise SetupError(
                f"pynq: expected the Python environment of the PYNQ image, found {sys.executable};"
                f" type: {command()}"
            ) from error
        raise SetupError(
            "pynq: not installed here, and this is no PYNQ image; copy the folder of 'spikeloom"
            " deploy' to a board"
        ) from error
    version = str(getattr(pynq, "__version__", "0"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if not LEAST <= numbers < BELOW:
        upgrade = f"sudo bash -c 'source {VENV} && python3 -m pip install pynq==3.1.2'"
        raise SetupError(
            f"pynq: expected version 3.1 to 4, found {version}; type: {upgrade}; or write a newer"
            " image to the SD card"
        )
    return pynq


def find_device(pynq: Any) -> Any:
    """The active pynq device, ready to be used. Raises SetupError with the command that is
    missing.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            device = pynq.Device.active_device
    except RuntimeError as error:
        if not on_board():
            raise SetupError(
                "pynq finds no device: this is no PYNQ board; 'spikeloom measure DIR' opens the"
                " simulated one"
            ) from error
        check_root()
        if not os.environ.get(XRT):
            raise SetupError(
                f"pynq finds no device: the variable {XRT} is not set; type: {command()}"
            ) from error
        raise SetupError(
            f"pynq finds no device ({error}): the image does not fit the board; write the board's"
            " own image to the SD card"
        ) from error
    if not is_simulated(device):
        check_root()
    return device


def is_simulated(device: Any) -> bool:
    """Whether a pynq device is a simulation, and says so."""
    return bool(getattr(device, "simulated", False))


def check_root() -> None:
    """Raises SetupError unless this runs as root, which memory-mapped registers need."""
    if os.geteuid() != 0:
        raise SetupError(f"expected to run as root, found user {os.geteuid()}; type: {command()}")


def check_board(expected: str, device: Any) -> None:
    """Raises MismatchError on a board other than the one that the network was planned for."""
    if is_simulated(device) or not BOARD_NAME.exists():
        return
    found = BOARD_NAME.read_text(encoding="utf-8").strip("\0\n ").lower()
    if found != expected:
        raise MismatchError(
            f"expected a {expected}, for which the network was compiled, found a {found}; compile"
            f" with --board {found}"
        )


def clock_mhz(pynq: Any) -> float | None:
    """Frequency of the fabric's clock as the processing system has set it, or None where pynq
    cannot tell.
    """
    try:
        return float(pynq.Clocks.fclk0_mhz)
    except (RuntimeError, ValueError, AttributeError, TypeError, KeyError, ZeroDivisionError):
        return None
