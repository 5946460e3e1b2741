"""Which engine wrote a Verilog file: the same plan gives other hardware once the engine has changed."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import spikeloom.code

ENGINE = Path("rtl") / "engine.sha256"

FROM_SOFTWARE = (
    "boards",
    "code",
    "counter_map",
    "depths",
    "files",
    "graph",
    "manifest",
    "neuron",
    "plan",
    "planfile",
    "registers",
    "rows",
)
"""What hardware sees of the software: the plan, the number types, and how files are written."""


@cache
def engine_sha256() -> str:
    """SHA-256 of Amaranth's version and of every source file that the Verilog comes from."""
    hardware, software = Path(__file__).parent, Path(spikeloom.code.__file__).parent
    sources = [*sorted(hardware.rglob("*.py")), *(software / f"{name}.py" for name in FROM_SOFTWARE)]
    digest = hashlib.sha256(version("amaranth").encode())
    for source in sources:
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()


def current(folder: Path) -> bool:
    """Whether the Verilog in a folder was written, to the end, by the engine as it is now."""
    made = folder / ENGINE
    return (folder / "rtl" / "top.v").is_file() and made.is_file() and made.read_text(errors="replace").strip() == engine_sha256()
