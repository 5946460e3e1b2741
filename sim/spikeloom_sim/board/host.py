"""The host's side of a board: how time passes between its accesses, and the arrays through which
pynq reads and writes registers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom_sim.board.simulation import BoardError, Simulation

GROWTH = 1.5
LONGEST = 100_000
"""Cycles that pass before a register is read for the n-th time since the last write: they grow by
``GROWTH`` up to ``LONGEST``.

So a wait of a million cycles takes some 35 reads, and ends at most half as much, or ``LONGEST``,
too late.
"""

Words = npt.NDArray[np.uint32]


class Registers:
    """The shell's registers as a host sees them: 32-bit words by byte offset."""

    def __init__(self, simulation: Simulation, size: int) -> None:
        self.simulation, self.size = simulation, size
        self.seen: Counter[int] = Counter()

    def read(self, offset: int) -> int:
        """Raises BoardError, AxiViolation; see :meth:`Simulation.read`."""
        times = self.seen[offset]
        if times:
            self.simulation.advance(min(LONGEST, int(GROWTH ** min(times, 64))))
        self.seen[offset] += 1
        return self.simulation.read(offset)

    def write(self, offset: int, value: int) -> None:
        """Raises BoardError, AxiViolation; see :meth:`Simulation.read`."""
        self.seen.clear()
        self.simulation.write(offset, value)


class Window:
    """Registers as an array: what ``pynq.MMIO`` and ``pynq.registers`` need of numpy's. A word of
    64 bits is accessed low half first.
    """

    def __init__(self, registers: Registers, start: int, length: int, itemsize: int = 4) -> None:
        if start % itemsize or not 0 <= start <= start + length * itemsize <= registers.size:
            raise BoardError(
                f"registers: expected a range within {registers.size:#x} bytes, got {length} words"
                f" from {start:#x}"
            )
        self.registers, self.start, self.length, self.itemsize = registers, start, length, itemsize
        self.dtype = np.dtype(f"<u{itemsize}")

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(self.length))

    def __array__(self, dtype: npt.DTypeLike = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(list(self), dtype=dtype or self.dtype)

    def view(self, dtype: npt.DTypeLike) -> Window:
        """The same bytes as words of another size, 32 or 64 bits."""
        itemsize = np.dtype(dtype).itemsize
        if np.dtype(dtype).kind != "u" or itemsize not in (4, 8):
            raise BoardError(f"registers: expected words of 32 or 64 bits, got {np.dtype(dtype)}")
        return Window(self.registers, self.start, self.length * self.itemsize // itemsize, itemsize)

    def offset(self, index: int) -> int:
        if not -self.length <= index < self.length:
            raise IndexError(f"index {index} is out of bounds for {self.length} registers")
        return self.start + index % self.length * self.itemsize

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            start, stop, step = index.indices(self.length)
            if step != 1:
                raise BoardError(f"registers: expected a slice without a step, got {step}")
            return Window(
                self.registers,
                self.start + start * self.itemsize,
                max(0, stop - start),
                self.itemsize,
            )
        offset = self.offset(int(index))
        value = self.registers.read(offset)
        if self.itemsize == 8:
            value |= self.registers.read(offset + 4) << 32
        return self.dtype.type(value)

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            target = self[index]
            for k, item in enumerate(np.broadcast_to(np.asarray(value), (len(target),))):
                target[k] = item
            return
        number = int(value)
        if not 0 <= number < 1 << 8 * self.itemsize:
            raise OverflowError(f"{number} does not fit a register of {8 * self.itemsize} bits")
        offset = self.offset(int(index))
        for part in range(0, self.itemsize, 4):
            self.registers.write(offset + part, number >> 8 * part & 0xFFFF_FFFF)
