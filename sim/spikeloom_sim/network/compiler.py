"""C++ to objects and to a shared library. What every simulation needs is compiled once: the
run-time part of Verilator and the functions of the library come out of the cache.

The compiler is called directly, not through Verilator's makefile: so several networks go into one
library.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from spikeloom.cache import builds
from spikeloom.errors import SpikeLoomError

from spikeloom_sim.network.toolchain import Toolchain

# The vectoriser for straight-line code is off: that of GCC 12 adds up many comparisons with 0, as
# counters do, to a wrong sum.
OPTIONS = tuple(
    "-std=gnu++17 -fPIC -fvisibility=hidden -fno-gnu-unique -faligned-new -fno-tree-slp-vectorize "
    "-DVL_TIME_CONTEXT -DVM_COVERAGE=0 -DVM_SC=0 -w".split()
)
LINKER = ("-shared", "-Wl,-Bsymbolic", "-pthread")


class BuildError(SpikeLoomError):
    """Verilator or the compiler failed; the message names the log."""


@dataclass(frozen=True)
class Harness:
    """The C++ around models.

    Attributes
    ----------
    files: in ``folder``, the one with the library's functions first.
    opener: C++ that registers how model ``{index}``, whose class is ``{prefix}``, is opened.
    """

    folder: Path
    files: tuple[str, ...]
    opener: str

    @property
    def source(self) -> Path:
        """The library's functions."""
        return self.folder / self.files[0]

    def contents(self) -> list[bytes]:
        return [(self.folder / name).read_bytes() for name in self.files]


@dataclass(frozen=True)
class Waves:
    """Waves of one kind: Verilator's option, the compiler's, the linker's."""

    verilator: tuple[str, ...]
    compiler: tuple[str, ...]
    linker: tuple[str, ...]


NO_WAVES = Waves((), ("-DVM_TRACE=0",), ())

WAVES = {
    kind: Waves(
        (f"--trace-{kind}",),
        (
            "-DVM_TRACE=1",
            f"-DVM_TRACE_{kind.upper()}=1",
            f"-DSPIKELOOM_WAVES=Verilated{kind.title()}C",
            f"-DSPIKELOOM_WAVES_HEADER=<{header}>",
        ),
        libraries,
    )
    for kind, header, libraries in (
        ("vcd", "verilated_vcd_c.h", ()),
        ("fst", "verilated_fst_c.h", ("-llz4", "-lz")),
    )
}
"""By format."""


@dataclass(frozen=True)
class Job:
    """One C++ file to compile, and how hard to optimise it."""

    source: Path
    level: str


@dataclass(frozen=True)
class Build:
    """One build in progress: where it works and how it compiles. Paths are absolute, or relative to
    ``folder``.
    """

    tools: Toolchain
    folder: Path
    log: Path
    harness: Harness
    waves: Waves

    def call(self, command: Sequence[str]) -> None:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.tools.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output = done.stdout.decode("utf-8", "replace")
        with self.log.open("a", encoding="utf-8", errors="replace") as log:
            log.write(f"$ {' '.join(command)}\n{output}")
        if done.returncode:
            first = next(
                (line.strip() for line in output.splitlines() if "rror" in line),
                f"exit status {done.returncode}",
            )
            raise BuildError(f"{self.log}: building the simulation failed: {first}")

    @property
    def include(self) -> Path:
        return self.tools.root / "include"

    def compile(self, job: Job, number: int) -> str:
        """The object of a file; that of a file of Verilator or of the harness is kept."""
        if not job.source.is_absolute():
            return self.compiled(job, f"{number}.o")
        name = f"{job.source.stem}.o"
        with builds.entry("object", self.key_of(job)) as kept:
            if not kept.take(self.folder):
                self.compiled(job, name)
                kept.keep(self.folder / name)
        return name

    def compiled(self, job: Job, name: str) -> str:
        folders = (self.include, self.include / "vltstd", self.harness.folder, Path("."))
        self.call(
            [
                *self.tools.compiler,
                *OPTIONS,
                *self.waves.compiler,
                *(f"-I{folder}" for folder in folders),
                job.level,
                "-c",
                str(job.source),
                "-o",
                name,
            ]
        )
        return name

    def key_of(self, job: Job) -> str:
        """All that the object of a file depends on that is not in ``folder``."""
        own = [] if job.source.is_relative_to(self.include) else self.harness.contents()
        return builds.key_of(
            [
                repr((self.tools.compiler, self.tools.compiler_version, self.tools.version)),
                repr((OPTIONS, self.waves, job.level, job.source.name)),
                contents(self.include),
                *own,
            ]
        )

    def link(self, objects: Sequence[str], name: str) -> Path:
        """The shared library of these objects."""
        compiler = self.tools.compiler[-1]
        self.call([compiler, *LINKER, "-o", name, *objects, *self.waves.linker])
        return self.folder / name


@lru_cache(maxsize=1)
def contents(include: Path) -> str:
    """Of Verilator's headers and sources, in one hash."""
    return builds.key_of(
        part
        for path in sorted(include.rglob("*"))
        if path.is_file()
        for part in (path.relative_to(include).as_posix(), path.read_bytes())
    )
