"""The open place-and-route tools, and the two databases that they need: found where users of
openXC7 have them.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from spikeloom.backend import tools
from spikeloom.errors import SpikeLoomError

PLACERS = ("nextpnr-himbaechel", "nextpnr-xilinx")
"""Place and route, of which one is enough: the main line, and the variant of openXC7. The first one
that is there is taken.
"""

ASSEMBLERS = ("fasm2frames", "xc7frames2bit")

CHIPDB = "CHIPDB"
"""Environment variable: the chip database of nextpnr, a file or the folder that holds it."""

PRJXRAY_DB = "PRJXRAY_DB_DIR"
"""Environment variable: the folder of the Project X-Ray database, with a folder for each family."""

FAMILY = "zynq7"
"""Of xc7z020 in that database."""


def absent() -> list[str]:
    """What is not on PATH."""
    placers = [" or ".join(PLACERS)] if len(tools.absent(PLACERS)) == len(PLACERS) else []
    return placers + tools.absent(ASSEMBLERS)


def placer() -> str:
    """The nextpnr that is on PATH. Raises ToolError if there is none."""
    for name in PLACERS:
        if shutil.which(name) is not None:
            return name
    raise tools.ToolError(f"place and route: {' or '.join(PLACERS)} is not on PATH")


def chip_files(part: str) -> tuple[str, ...]:
    """Names that the chip database of a part has in a folder: openXC7's, without the speed grade,
    before the main line's.
    """
    package = part.rpartition("-")[0]
    device = package.partition("clg")[0]
    return tuple(
        f"{head}{name}.bin" for head in ("", "chipdb-") for name in (part, package, device)
    )


@dataclass(frozen=True)
class Databases:
    """Attributes
    ----------
    chip: file of nextpnr's chip database. parts: folder of the family in the Project X-Ray
        database.
    """

    chip: Path
    parts: Path


def wanted(variable: str, what: str) -> Path:
    """What an environment variable names. Raises SpikeLoomError where it names nothing."""
    value = os.environ.get(variable, "")
    if not value or not Path(value).exists():
        found = f"found {value!r}" if value else "it is not set"
        raise SpikeLoomError(
            f"{variable}: expected {what}, {found}; set it, e.g. {variable}=... spikeloom bitstream"
            " DIR --flow open"
        )
    return Path(value).absolute()


def databases(part: str) -> Databases:
    """Both databases. Raises SpikeLoomError naming the environment variable, and what is missing
    there.
    """
    chip = wanted(CHIPDB, f"the chip database of nextpnr for {part}, a file or its folder")
    if chip.is_dir():
        there = [chip / name for name in chip_files(part) if (chip / name).is_file()]
        if not there:
            raise SpikeLoomError(
                f"{chip}: expected one of {', '.join(chip_files(part))}, found none; make it with"
                f" nextpnr's bbaexport, or set {CHIPDB}"
            )
        chip = there[0]
    parts = wanted(PRJXRAY_DB, "the folder of the Project X-Ray database") / FAMILY
    description = parts / part / "part.yaml"
    if not description.is_file():
        raise SpikeLoomError(
            f"{description}: expected the part in the Project X-Ray database, found no such file;"
            f" set {PRJXRAY_DB}"
        )
    return Databases(chip, parts)
