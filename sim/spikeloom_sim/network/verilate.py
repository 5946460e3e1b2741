"""From Verilog to a shared library with the cycle loop inside: Verilator, then a C++ compiler,
cached by contents.

The compiler is called directly, not through Verilator's makefile: so several networks go into one
library, whose run-time part (most of the compile time of a small network) is built once.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from spikeloom.errors import SpikeLoomError
from spikeloom.interface.manifest import Manifest

from spikeloom_sim.network import toolchain
from spikeloom_sim.network.wrapper import NAME, wrapper

HERE = Path(__file__).parent
# Undefined bits are random, so that hardware which depends on one is found out; initial values are
# all in the Verilog. Warnings are lint.py's business.
VERILATOR = (
    "--cc",
    "-O3",
    "--x-assign",
    "unique",
    "--x-initial",
    "fast",
    "--no-timing",
    "--timescale",
    "1ps/1ps",
    "--make",
    "json",
    "-Wno-lint",
    "-Wno-style",
)
# The vectoriser for straight-line code is off: that of GCC 12 adds up many comparisons with 0, as
# counters do, to a wrong sum.
COMPILER = tuple(
    "-std=gnu++17 -fPIC -fvisibility=hidden -fno-gnu-unique -faligned-new -fno-tree-slp-vectorize "
    "-DVL_TIME_CONTEXT -DVM_COVERAGE=0 -DVM_SC=0 -w".split()
)
SPLIT = 4000
"""Verilator's operations per C++ file, so that a large network compiles on all cores."""

UNIT = 800_000
"""Characters of generated C++ compiled at a time. Parsing Verilator's headers takes 0.6 s, as long
as compiling 300,000 of them.
"""

WAVES = {
    kind: (
        f"--trace-{kind}",
        (
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
"""Per kind of waves: Verilator's option, the compiler's, the linker's."""

ESCAPE = re.compile(r"\\(?:[0-7]{3}|(.))")
"""How Verilator escapes a path: as C does, which JSON does not know."""


class BuildError(SpikeLoomError):
    """Verilator or the compiler failed; the message names the log."""


@dataclass(frozen=True)
class Source:
    """One model to build: its Verilog files, the one that users know first, and the text of the
    module ``bench`` around them.
    """

    files: tuple[Path, ...]
    bench: str


def network_source(verilog: Path, manifest: Manifest) -> Source:
    """A network alone: the file of its module ``top``, and its manifest."""
    return Source((verilog,), wrapper("top", manifest.input.beat_bytes, manifest.steps > 0))


@dataclass(frozen=True)
class Harness:
    """The C++ around models.

    Attributes
    ----------
    files: in ``folder``, the one with the library's functions first; it includes ``models.inc``, a
        line ``MODEL(index, class)`` per model.
    opener: C++ of the function that opens model ``{index}``, whose class is ``{prefix}``.
    """

    folder: Path
    files: tuple[str, ...]
    opener: str


NETWORKS = Harness(
    HERE,
    ("harness.cpp", "harness.h", "random.h"),
    '#include "harness.h"\nspikeloom::Base* open_{index}(const spikeloom::Job& job) {{ return new'
    " spikeloom::Runner<{prefix}>(job); }}\n",
)


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

    tools: toolchain.Toolchain
    folder: Path
    flags: tuple[str, ...]
    log: Path
    harness: Harness

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

    def compile(self, job: Job, number: int) -> str:
        output = f"{number}.o"
        self.call(
            [*self.tools.compiler, *self.flags, job.level, "-c", str(job.source), "-o", output]
        )
        return output


def contents(top: Source) -> list[bytes]:
    """Everything that a model is made of."""
    return [top.bench.encode(), *(path.read_bytes() for path in top.files)]


def key_of(
    tools: toolchain.Toolchain,
    tops: Sequence[Source],
    waves: str | None,
    optimise: str,
    harness: Harness,
) -> str:
    """What the library depends on, as a short hash."""
    seen = hashlib.sha256(
        repr(
            (
                tools.version,
                tools.compiler_version,
                VERILATOR,
                COMPILER,
                SPLIT,
                UNIT,
                waves,
                optimise,
                harness.opener,
            )
        ).encode()
    )
    files = [harness.folder / name for name in harness.files]
    for data in [
        *(path.read_bytes() for path in files),
        *(part for top in tops for part in contents(top)),
    ]:
        seen.update(len(data).to_bytes(8, "little") + data)
    return seen.hexdigest()[:16]


def unit(folder: Path, name: str, files: Sequence[Path], tail: str = "") -> Path:
    """One C++ file in ``folder`` that includes several generated ones; all of them by their paths
    from there.
    """
    lines = []
    for file in files:
        lines += ["#undef VL_PCH_INCLUDED", f'#include "{file}"']
    (folder / name).write_text("\n".join(lines) + f"\n{tail}", encoding="utf-8")
    return Path(name)


def units(folder: Path, files: Sequence[Path]) -> list[list[Path]]:
    """Generated files in parts of about ``UNIT`` characters."""
    parts: list[list[Path]] = []
    size = UNIT
    for file in files:
        size += (folder / file).stat().st_size
        if size > UNIT:
            parts.append([])
            size = (folder / file).stat().st_size
        parts[-1].append(file)
    return parts


def sources_of(build: Build, prefix: str) -> dict[str, list[Path]]:
    """What Verilator says is to compile, by kind: its run-time part, and files in the folder
    ``prefix``.

    Of its paths the names alone are taken: how it writes the folders depends on the characters in
    them.
    """
    text = (build.folder / prefix / f"{prefix}.json").read_text(encoding="utf-8", errors="replace")
    listed = json.loads(ESCAPE.sub(lambda match: match[0] if match[1] else "?", text))["sources"]
    places = {"global": build.tools.root / "include"}
    return {
        kind: [places.get(kind, Path(prefix)) / Path(name).name for name in names]
        for kind, names in listed.items()
    }


def translate(build: Build, index: int, top: Source, waves: str | None, optimise: str) -> list[Job]:
    """Run Verilator on one top; what is then to compile, the common run-time part first.

    It works inside ``build.folder``, on copies: Verilator cannot read every path that a user may
    choose.
    """
    prefix = f"Top{index}"
    trace = [WAVES[waves][0]] if waves else []
    command = [
        str(build.tools.binary),
        *VERILATOR,
        *trace,
        "--output-split",
        str(SPLIT),
        "--prefix",
        prefix,
        "--top-module",
        NAME,
    ]
    names = [f"network{index}_{k}.v" for k in range(len(top.files))]
    for path, name in zip(top.files, names, strict=True):
        shutil.copyfile(path, build.folder / name)
    (build.folder / f"{prefix}.v").write_text(top.bench, encoding="utf-8")
    build.call([*command, "-Mdir", prefix, *names, f"{prefix}.v"])
    sources = sources_of(build, prefix)
    fast, slow = (
        [name for kind in ("classes", "support") for name in sources.get(f"{kind}_{speed}", [])]
        for speed in ("fast", "slow")
    )
    opener = build.harness.opener.format(index=index, prefix=prefix)
    jobs = [Job(name, "-O1") for name in sources["global"]]
    if optimise == "-O0":
        fast, slow = fast + slow, []
    for level, files in ((optimise, fast), ("-O0", slow)):
        for part in units(build.folder, files):
            jobs.append(Job(unit(build.folder, f"top{index}_{len(jobs)}.cpp", part, opener), level))
            opener = ""
    return jobs


def make(build: Build, tops: Sequence[Source], waves: str | None, optimise: str) -> Path:
    """Build the library inside ``build.folder`` and return its path."""
    (build.folder / "models.inc").write_text(
        "".join(f"MODEL({k}, Top{k})\n" for k in range(len(tops))), encoding="utf-8"
    )
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        translated = pool.map(
            lambda item: translate(build, *item, waves, optimise), enumerate(tops)
        )
        jobs = dict.fromkeys(
            [
                Job(build.harness.folder / build.harness.files[0], "-O1"),
                *(job for jobs in translated for job in jobs),
            ]
        )
        objects = list(pool.map(build.compile, jobs, range(len(jobs))))
    library = build.folder / "simulation.so"
    link = WAVES[waves][2] if waves else ()
    build.call(
        [
            build.tools.compiler[-1],
            "-shared",
            "-Wl,-Bsymbolic",
            "-pthread",
            "-o",
            library.name,
            *objects,
            *link,
        ]
    )
    return library


def compiler_flags(
    tools: toolchain.Toolchain, waves: str | None, harness: Harness
) -> tuple[str, ...]:
    include = tools.root / "include"
    trace = ("-DVM_TRACE=1", *WAVES[waves][1]) if waves else ("-DVM_TRACE=0",)
    return (
        *COMPILER,
        *trace,
        f"-I{include}",
        f"-I{include / 'vltstd'}",
        f"-I{harness.folder}",
        "-I.",
    )


def library(
    folder: Path,
    tops: Sequence[Source],
    waves: str | None = None,
    optimise: str = "-O2",
    harness: Harness = NETWORKS,
) -> Path:
    """The shared library of these tops, built under ``folder`` unless it is there already.

    Arguments: waves: None, "vcd" or "fst": a library that can dump them is slower. optimise: the
    compiler's level. harness: the C++ around the models. Raises BuildError, naming the log, where
    Verilator or the compiler fails; SpikeLoomError where one is missing.
    """
    tools = toolchain.find()
    for path in (path for top in tops for path in top.files):
        if not path.is_file():
            raise SpikeLoomError(
                f"{path}: expected an emitted network, found none; run 'spikeloom emit' first"
            )
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    key = key_of(tools, tops, waves, optimise, harness)
    target = folder / f"{key}.so"
    if not target.is_file():
        log = folder / f"{key}.log"
        log.write_text("", encoding="utf-8")
        work = Path(tempfile.mkdtemp(prefix="build-", dir=folder))
        try:
            os.replace(
                make(
                    Build(tools, work, compiler_flags(tools, waves, harness), log, harness),
                    tops,
                    waves,
                    optimise,
                ),
                target,
            )
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return target
