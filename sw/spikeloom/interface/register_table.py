"""The register map as a table for the documentation; ``python -m spikeloom.interface.register_table
docs/reference/registers.md`` puts it into the page.
"""

from __future__ import annotations

import sys
from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.interface.registers import (
    COUNTERS,
    LOG,
    LOG_DEPTH,
    MAX_COUNTERS,
    REGISTERS,
    Field,
    Register,
)

BEGIN, END = "<!-- registers: generated -->", "<!-- registers: end -->"


def bits(field: Field) -> str:
    """``3`` or ``7:0``."""
    return str(field.bit) if field.width == 1 else f"{field.bit + field.width - 1}:{field.bit}"


def rows(register: Register) -> list[str]:
    """One row of the register and one per field."""
    name = f"`{register.name}`" + (f" × {register.count}" if register.count > 1 else "")
    found = [
        f"| `0x{register.offset:02X}` | {name} | {register.access} | {register.width} |"
        f" {register.text} |"
    ]
    found += [f"| | `{field.name}` | | {bits(field)} | {field.text} |" for field in register.fields]
    return found


def register_table() -> str:
    """Markdown: address, name, access, bits and meaning of every register and field."""
    lines = ["| address | name | access | bits | |", "|---|---|---|---|---|"]
    for register in REGISTERS:
        lines += rows(register)
    lines += [
        (
            f"| `0x{COUNTERS:04X}` | counters × up to {MAX_COUNTERS} | ro | 64 | counters in"
            " fabric; names and order are in `manifest.json` |"
        ),
        (
            f"| `0x{LOG:04X}` | log × {LOG_DEPTH} | ro | 32, 32 | latency and interval of one"
            " image, a ring |"
        ),
    ]
    return "\n".join(lines)


def with_table(page: str, where: str = "page") -> str:
    """The page with the table between its two markers. Raises SpikeLoomError where it has none."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise SpikeLoomError(
            f"{where}: expected the lines {BEGIN} and {END}, with the table in between"
        )
    return f"{head}{BEGIN}\n\n{register_table()}\n\n{END}{tail}"


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(with_table(path.read_text(encoding="utf-8"), str(path)), encoding="utf-8")
