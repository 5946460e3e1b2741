"""A shell, the memory behind it and the bus in front of it, cycle by cycle: registers by address,
memory by regions. No pynq.

simulation = Simulation(build(Path("build/digits-cnn")))
simulation.write(register("images").offset, 1)
"""

from __future__ import annotations

import ctypes as c
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from spikeloom.errors import SpikeLoomError

from spikeloom_sim.board import native
from spikeloom_sim.board.model import Fault, MemoryModel
from spikeloom_sim.network.beats import Bytes
from spikeloom_sim.network.library import folder_of

SLICE = 100_000
"""Cycles between two looks at the outside world: Ctrl-C."""

PATIENCE = 10_000
"""Cycles that one register access may take."""


class BoardError(SpikeLoomError):
    """The simulated board was asked for something that it does not have, or the hardware does not
    answer.
    """


class AxiViolation(BoardError):
    """The hardware broke a rule of AXI; the message names the first one, and its cycle."""


@dataclass(frozen=True)
class Traffic:
    """What went over the memory port since the board was made.

    Attributes
    ----------
    reading, writing: bursts under way now; write data whose request is still to come counts.
    reads, writes: bursts. beats_read, beats_written: their beats.
    most_reading, most_writing: bursts under way at once. errors: responses other than OKAY.
    """

    reading: int
    writing: int
    reads: int
    writes: int
    beats_read: int
    beats_written: int
    most_reading: int
    most_writing: int
    errors: int


class Simulation:
    """One verilated shell. ``library`` holds it as model ``index`` (see
    :mod:`spikeloom_sim.board.build`). ``rtl``: folder of its Verilog, by default that beside the
    library's.

    The same seed gives the same undefined bits in the hardware.
    """

    def __init__(
        self,
        library: Path,
        index: int = 0,
        memory: MemoryModel | None = None,
        seed: int = 1,
        rtl: Path | None = None,
    ) -> None:
        self.lib, self.seed = native.load(library), seed
        self.rtl = folder_of(rtl if rtl is not None else library.parent.with_name("rtl"))
        self.handle = self.lib.spikeloom_board_open(index, seed, self.rtl)
        if not self.handle:
            raise BoardError(f"{library}: expected {index + 1} models or more, found fewer")
        self.close = weakref.finalize(self, self.lib.spikeloom_board_close, self.handle)
        self.regions: dict[int, Bytes] = {}
        self.model = memory or MemoryModel()
        self.memory(self.model)

    def check(self) -> None:
        """Raises AxiViolation if the hardware has broken a rule."""
        breach = self.lib.spikeloom_board_breach(self.handle)
        if breach is not None:
            raise AxiViolation(f"the hardware broke a rule of AXI in {breach.decode()}")

    def forgive(self) -> None:
        """Go on after a violation."""
        self.lib.spikeloom_board_forgive(self.handle)

    def answered(self, result: int, what: str) -> None:
        if result == native.BROKEN:
            self.check()
        if result == native.NO_ANSWER:
            raise BoardError(f"{what}: no answer in {PATIENCE} cycles; load the bitstream again")
        if result:
            raise BoardError(f"{what}: answered with {'SLVERR' if result == 2 else 'DECERR'}")

    def read(self, address: int) -> int:
        """The register at a byte address. Raises BoardError if it does not answer, AxiViolation."""
        value = c.c_uint32()
        self.answered(
            self.lib.spikeloom_board_read(self.handle, address, c.byref(value)),
            f"read of register {address:#06x}",
        )
        return value.value

    def write(self, address: int, value: int) -> None:
        """Write 32 bits to the register at a byte address. Raises as :meth:`read`."""
        self.answered(
            self.lib.spikeloom_board_write(self.handle, address, value),
            f"write to register {address:#06x}",
        )

    def advance(self, cycles: int) -> None:
        """Let so many cycles pass. Raises AxiViolation."""
        while cycles > 0:
            self.lib.spikeloom_board_advance(self.handle, min(cycles, SLICE))
            self.check()
            cycles -= SLICE

    def load(self) -> None:
        """As loading a bitstream does: all registers and memories in fabric as they are built, and
        nothing under way.
        """
        self.lib.spikeloom_board_load(self.handle, self.seed, self.rtl)
        self.check()

    def reset(self, cycles: int = 16) -> None:
        """``aresetn`` is low for so many cycles; memories in fabric keep what they hold."""
        self.lib.spikeloom_board_reset(self.handle, cycles)
        self.check()

    def memory(self, model: MemoryModel) -> None:
        """The memory and the host behave like this from now on."""
        self.model = model
        self.lib.spikeloom_board_memory(self.handle, c.byref(model.timing()))
        self.lib.spikeloom_board_host(self.handle, PATIENCE, model.host_skew)

    def map(self, address: int, data: Bytes) -> None:
        """Make ``data`` (bytes, contiguous, kept) the memory at a physical address. An access
        outside of all regions is answered DECERR.
        """
        if data.dtype != np.uint8 or not data.flags.c_contiguous or not data.flags.writeable:
            raise BoardError(
                f"memory at {address:#x}: expected contiguous bytes that can be written, got"
                f" {data.dtype}"
            )
        for base, other in self.regions.items():
            if address < base + other.nbytes and base < address + data.nbytes:
                raise BoardError(f"memory at {address:#x}: overlaps that at {base:#x}")
        self.regions[address] = data
        self.lib.spikeloom_board_map(self.handle, address, data.nbytes, data.ctypes.data)

    def unmap(self, address: int) -> None:
        """Take the memory at a physical address away again."""
        if self.close.alive and address in self.regions:
            self.lib.spikeloom_board_unmap(self.handle, address)
            del self.regions[address]

    def inject(self, fault: Fault, after: int = 0) -> None:
        """A fault at the read or write burst that comes after so many others from now on."""
        self.lib.spikeloom_board_inject(self.handle, fault, after)

    def repair(self) -> None:
        """No fault is to come, and closed channels are open again."""
        self.lib.spikeloom_board_repair(self.handle)

    @property
    def cycles(self) -> int:
        """Cycles since the board was made."""
        return int(self.lib.spikeloom_board_cycles(self.handle))

    @property
    def traffic(self) -> Traffic:
        into = (c.c_int64 * 9)()
        self.lib.spikeloom_board_counts(self.handle, into)
        return Traffic(*into)
