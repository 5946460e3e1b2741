"""What the cells of a Xilinx netlist take of the FPGA.

LUTs of memories and shift registers as in UG474 (7-series) and UG574 (UltraScale+), whose CLB can
turn LUTs into 32 or 64 bits of memory each; block memory in halves of 18 kbit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Taken:
    """Attributes
    ----------
    lut: lookup tables of 6 inputs, those that are memory or shift register included; lutram: these
        alone.
    ff: registers and latches. ramb18: block memories of 18 kbit, one of 36 kbit counts twice. uram,
        dsp: UltraRAM, multipliers.
    """

    lut: int = 0
    lutram: int = 0
    ff: int = 0
    ramb18: int = 0
    uram: int = 0
    dsp: int = 0

    def __add__(self, other: Taken) -> Taken:
        return Taken(
            **{
                field.name: getattr(self, field.name) + getattr(other, field.name)
                for field in fields(self)
            }
        )


NOTHING = Taken()

MEMORY_LUTS = {
    "RAM32X1S": 1,
    "RAM32X1S_1": 1,
    "RAM64X1S": 1,
    "RAM64X1S_1": 1,
    "RAM128X1S": 2,
    "RAM128X1S_1": 2,
    "RAM256X1S": 4,
    "RAM512X1S": 8,
    "RAM16X1S": 1,
    "RAM16X1D": 2,
    "RAM32X1D": 2,
    "RAM32X1D_1": 2,
    "RAM64X1D": 2,
    "RAM64X1D_1": 2,
    "RAM128X1D": 4,
    "RAM256X1D": 8,
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32M16": 8,
    "RAM64M8": 8,
    "RAM32X16DR8": 8,
    "RAM64X8SW": 8,
    "SRL16": 1,
    "SRL16E": 1,
    "SRLC16": 1,
    "SRLC16E": 1,
    "SRLC32E": 1,
    "CFGLUT5": 1,
}
"""LUTs of a slice that can be written. A second read port is a second copy: RAM32X1D takes two,
RAM128X1D two times two.
"""

FREE = re.compile(
    r"CARRY[48]|MUXF[789]|VCC|GND|[IO]BUF[A-Z_]*|BUF[A-Z_0-9]*|PS[78]|STARTUPE[23]|USR_ACCESSE2"
)
"""Beside the lookup tables: carry chains, wide multiplexers, constants, buffers, and what a device
has of its own.
"""

OTHERS = (
    (re.compile(r"LUT[1-6]|LUT6_2|INV"), Taken(lut=1)),
    (re.compile(r"FD[CPRS]E(_1)?|LD[CP]E"), Taken(ff=1)),
    (re.compile(r"RAMB18E[12]"), Taken(ramb18=1)),
    (re.compile(r"RAMB36E[12]"), Taken(ramb18=2)),
    (re.compile(r"URAM288(_BASE)?"), Taken(uram=1)),
    (re.compile(r"DSP48E[12]"), Taken(dsp=1)),
)


def taken(cell: str) -> Taken | None:
    """What one cell of this type takes; None for a type that is not known."""
    if cell in MEMORY_LUTS:
        return Taken(lut=MEMORY_LUTS[cell], lutram=MEMORY_LUTS[cell])
    for pattern, cost in OTHERS:
        if pattern.fullmatch(cell):
            return cost
    return NOTHING if FREE.fullmatch(cell) else None
