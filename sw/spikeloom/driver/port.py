"""The shell's registers by name, over whatever reads and writes 32-bit words: ``pynq.MMIO`` on
every device.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from spikeloom.driver.errors import HangError, ResetError
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import COUNTERS, LOG, LOG_DEPTH, REGISTERS, Register

BY_NAME: dict[str, Register] = {register.name: register for register in REGISTERS}

WORD = 0xFFFF_FFFF

POLLS = 100_000
"""Reads of a clock that does not advance, after which it stands still."""


class Mmio(Protocol):
    """What is needed of ``pynq.MMIO``."""

    def read(self, offset: int) -> int: ...
    def write(self, offset: int, data: int) -> None: ...


class Port:
    """Registers, counters and log of one shell."""

    def __init__(self, mmio: Mmio, manifest: Manifest) -> None:
        self.mmio, self.manifest = mmio, manifest

    def wide(self, offset: int) -> int:
        """64 bits; the low half first, which keeps the high half for the second read."""
        low = int(self.mmio.read(offset))
        return int(self.mmio.read(offset + 4)) << 32 | low

    def read(self, name: str, index: int = 0) -> int:
        """Value of a register."""
        found = BY_NAME[name]
        offset = found.offset + found.width // 8 * index
        return self.wide(offset) if found.width == 64 else int(self.mmio.read(offset))

    def write(self, name: str, value: int) -> None:
        found = BY_NAME[name]
        self.mmio.write(found.offset, int(value) & WORD)
        if found.width == 64:
            self.mmio.write(found.offset + 4, int(value) >> 32)

    def field(self, name: str, field: str) -> int:
        """Value of one field of a register."""
        found = BY_NAME[name][field]
        return (self.read(name) & found.mask) >> found.bit

    def flags(self, name: str) -> frozenset[str]:
        """Names of the fields of a register that are not zero, from one read."""
        value = self.read(name)
        return frozenset(field.name for field in BY_NAME[name].fields if value & field.mask)

    def set(self, name: str, *fields: str) -> None:
        """Write a register with these fields all ones and the others zero."""
        value = 0
        for field in fields:
            value |= BY_NAME[name][field].mask
        self.write(name, value)

    @property
    def identity(self) -> str:
        """SHA-256 of the manifest that the hardware was built with, in hexadecimal."""
        return "".join(f"{self.read('identity', k):08x}" for k in range(BY_NAME["identity"].count))

    def counters(self) -> dict[str, int]:
        """All counters in fabric, by name."""
        return {
            name: self.wide(COUNTERS + 8 * address)
            for name, address in self.manifest.counters.items()
        }

    def log(self, first: int, count: int) -> npt.NDArray[np.int64]:
        """Latency and interval, (2, count), of the images ``first`` and up since the last clear;
        the log holds the last ``LOG_DEPTH``.
        """
        entries = np.zeros((2, count), dtype=np.int64)
        for k in range(count):
            offset = LOG + 8 * ((first + k) % LOG_DEPTH)
            entries[:, k] = int(self.mmio.read(offset)), int(self.mmio.read(offset + 4))
        return entries

    def wait(self, cycles: int) -> None:
        """Return when so many cycles have passed. Raises HangError if the fabric's clock stands
        still.
        """
        clock = Clock(self)
        while clock.passed < cycles:
            clock.look()


class Clock:
    """Cycles that passed in the fabric since this was made."""

    def __init__(self, port: Port) -> None:
        self.port, self.still, self.passed = port, 0, 0
        self.start = port.read("cycle")

    def look(self) -> int:
        """Cycles passed until now. Raises HangError if the clock stands still, ResetError if it
        went back.
        """
        passed = self.port.read("cycle") - self.start
        if passed < self.passed:
            raise ResetError("the fabric was reset while a job ran: call again")
        self.still = self.still + 1 if passed == self.passed else 0
        if self.still >= POLLS:
            raise HangError(
                "the clock of the fabric stands still: load the overlay again (Accelerator(...)),"
                " or switch the board off and on"
            )
        self.passed = passed
        return passed
