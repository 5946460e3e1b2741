"""The C simulation as a program: the generated folder compiled by the machine's own C++
compiler.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from spikeloom.backend import tools
from spikeloom.cache import builds
from spikeloom.errors import SpikeLoomError
from spikeloom.files import save_text

OPTIONS = (
    "-std=c++17",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-unknown-pragmas",
    "-Ishim",
    "-Iinclude",
)

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")

SOURCES = ("top.cpp", "testbench.cpp")

PLACE = "csim"
"""Folder in ``hls/`` for what C simulation makes."""


def compiler() -> str:
    """The C++ compiler: CXX, or the one called c++. Raises SpikeLoomError where it is not on
    PATH.
    """
    name = os.environ.get("CXX") or "c++"
    if shutil.which(name) is None:
        raise SpikeLoomError(
            f"C simulation: expected the C++ compiler {name} on PATH, found none; install g++ or"
            " clang, or set CXX"
        )
    return name


def fingerprint(folder: Path, command: list[str]) -> str:
    """Hash of the compiler, the command and every source below ``folder``."""
    parts: list[bytes | str] = [builds.compiler(command[0]), *command]
    for path in sorted(
        [*folder.glob("*.[ch]pp"), *folder.glob("include/**/*.hpp"), *folder.glob("shim/*.h")]
    ):
        parts += [path.relative_to(folder).as_posix(), path.read_bytes()]
    return builds.key_of(parts)


def build(folder: Path, sanitize: bool = False) -> Path:
    """The program of a generated folder, compiled unless it is there already.

    Raises SpikeLoomError without a compiler, ToolError naming the log where it fails.
    """
    name = "testbench_sanitized" if sanitize else "testbench"
    program = f"{PLACE}/{name}"
    command = [compiler(), *OPTIONS, *(SANITIZERS if sanitize else ()), *SOURCES, "-o", program]
    key, stamp = fingerprint(folder, command), folder / PLACE / f"{name}.key"
    if stamp.exists() and (folder / program).exists() and stamp.read_text(encoding="utf-8") == key:
        return folder / program
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    log = folder / PLACE / "build.log"
    log.unlink(missing_ok=True)
    with builds.entry("csim", key) as kept:
        if not kept.take(stamp.parent):
            tools.run(command, folder=folder, log=log, what="C simulation")
            kept.keep(folder / program, log)
    save_text(stamp, key)
    return folder / program
