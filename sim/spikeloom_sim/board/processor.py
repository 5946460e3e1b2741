"""The registers of the processing system that pynq looks at: PLLs and clock dividers, as after
boot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeloom_sim.board.host import Words


@dataclass(frozen=True)
class Processor:
    """One family of chips.

    Attributes
    ----------
    arch: as ``platform.machine()`` says on the board.
    registers: ranges of registers, address to size in bytes; they are memory. boot: their contents,
        other ones are 0.
    memory: base and size of contiguous memory.
    """

    arch: str
    registers: dict[int, int]
    boot: dict[int, int]
    memory: tuple[int, int]

    def powered(self) -> dict[int, Words]:
        """The registers as they are after boot, by range."""
        found = {
            base: np.zeros(size // 4, dtype=np.uint32) for base, size in self.registers.items()
        }
        for address, value in self.boot.items():
            base = max(base for base in found if base <= address)
            found[base][(address - base) // 4] = value
        return found


def zynq_pll(multiplier: int) -> int:
    return multiplier << 12


def zynqmp_pll(multiplier: int) -> int:
    return multiplier << 8 | 1 << 16


ZYNQ = Processor(
    arch="armv7l",
    registers={0xF800_0000: 0x1000},
    boot={
        0xF800_0100: zynq_pll(26),  # ARM PLL, 1300 MHz from 50
        0xF800_0104: zynq_pll(21),  # DDR PLL
        0xF800_0108: zynq_pll(20),  # IO PLL, 1000 MHz
        0xF800_0120: 2 << 8,
        **{0xF800_0170 + 0x10 * i: 1 << 20 | 10 << 8 for i in range(4)},
    },
    memory=(0x1000_0000, 128 << 20),
)

ZYNQMP = Processor(
    arch="aarch64",
    registers={0xFF5E_0000: 0x1000, 0xFD1A_0000: 0x1000},
    boot={
        0xFF5E_0020: zynqmp_pll(90),  # IOPLL, 1500 MHz from 33.333
        0xFF5E_0030: zynqmp_pll(90),  # RPLL
        0xFD1A_0020: zynqmp_pll(72),  # APLL
        0xFD1A_002C: zynqmp_pll(64),  # DPLL
        0xFD1A_0038: zynqmp_pll(90),  # VPLL
        0xFD1A_0060: 1 << 8,
        **{0xFF5E_00C0 + 4 * i: 1 << 24 | 1 << 16 | 15 << 8 for i in range(4)},
    },
    memory=(0x6000_0000, 512 << 20),
)

PROCESSORS = {"xc7": ZYNQ, "xcup": ZYNQMP}
"""By the family of the board's FPGA."""
