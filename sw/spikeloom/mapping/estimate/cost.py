"""What a part of the hardware takes of an FPGA."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Cost:
    """Estimated resources: LUTs (those that are memory included), registers, block RAMs of 18 kbit,
    multipliers, UltraRAMs.
    """

    lut: int = 0
    ff: int = 0
    bram18: int = 0
    dsp: int = 0
    uram: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            **{
                field.name: getattr(self, field.name) + getattr(other, field.name)
                for field in fields(self)
            }
        )
