"""From Verilog to a shared library with the cycle loop inside: Verilator, then a C++ compiler,
kept in the cache.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from spikeloom.cache import builds
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.manifest import Manifest

from spikeloom_sim.network import compiler, toolchain
from spikeloom_sim.network.compiler import NO_WAVES, WAVES, Build, Harness, Job
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
SPLIT = 4000
"""Verilator's operations per C++ file, so that a large network compiles on all cores."""

UNIT = 800_000
"""Characters of generated C++ compiled at a time. Parsing Verilator's headers takes 0.6 s, as long
as compiling 300,000 of them.
"""

READ = re.compile(rb'\$readmemh\(("[^"]+"),')

FOUND = rb"$readmemh(spikeloom_file(\1),"

IMPORT = b'import "DPI-C" function string spikeloom_file(input string name);\n'

ESCAPE = re.compile(r"\\(?:[0-7]{3}|(.))")
"""How Verilator escapes a path: as C does, which JSON does not know."""


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


NETWORKS = Harness(
    HERE,
    ("harness.cpp", "harness.h", "files.h", "random.h"),
    '#include "harness.h"\n'
    "static spikeloom::Base* open_{index}(const spikeloom::Job& job) {{\n"
    "    return new spikeloom::Runner<{prefix}>(job);\n}}\n"
    "static const spikeloom::Registered registered_{index}({index}, open_{index});\n",
)


def key_of(
    tools: toolchain.Toolchain,
    tops: Sequence[Source],
    waves: str | None,
    optimise: str,
    harness: Harness,
) -> str:
    """All that the library depends on."""
    texts = [part for top in tops for part in (top.bench, *(f.read_bytes() for f in top.files), "")]
    return builds.key_of(
        [
            repr((tools.version, tools.compiler, tools.compiler_version)),
            repr((VERILATOR, compiler.OPTIONS, compiler.LINKER, SPLIT, UNIT, waves, optimise)),
            compiler.contents(tools.root / "include"),
            harness.opener,
            *harness.contents(),
            *texts,
        ]
    )


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
    places = {"global": build.include}
    return {
        kind: [places.get(kind, Path(prefix)) / Path(name).name for name in names]
        for kind, names in listed.items()
    }


def with_files(verilog: bytes) -> bytes:
    """Verilog that finds its files in the folder that the library names when it makes a model:
    Verilator opens them relative to where the program runs.
    """
    found, count = READ.subn(FOUND, verilog)
    return IMPORT + found if count else verilog


def translate(build: Build, index: int, top: Source, optimise: str) -> list[Job]:
    """Run Verilator on one top; what is then to compile, the common run-time part first.

    It works inside ``build.folder``, on copies: Verilator cannot read every path that a user may
    choose.
    """
    prefix = f"Top{index}"
    command = [
        str(build.tools.binary),
        *VERILATOR,
        *build.waves.verilator,
        "--output-split",
        str(SPLIT),
        "--prefix",
        prefix,
        "--top-module",
        NAME,
    ]
    names = [f"network{index}_{k}.v" for k in range(len(top.files))]
    for path, name in zip(top.files, names, strict=True):
        (build.folder / name).write_bytes(with_files(path.read_bytes()))
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


def make(build: Build, tops: Sequence[Source], optimise: str) -> Path:
    """Build the library inside ``build.folder`` and return its path."""
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        translated = pool.map(lambda item: translate(build, *item, optimise), enumerate(tops))
        jobs = dict.fromkeys(
            [Job(build.harness.source, "-O1"), *(job for jobs in translated for job in jobs)]
        )
        objects = list(pool.map(build.compile, jobs, range(len(jobs))))
    return build.link(objects, "simulation.so")


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
    target, log = (folder / f"{key[:16]}.{kind}" for kind in ("so", "log"))
    if target.is_file():
        return target
    with builds.entry("simulation", key) as kept:
        if kept.take(folder):
            return target
        log.write_text("", encoding="utf-8")
        work = Path(tempfile.mkdtemp(prefix="build-", dir=folder))
        chosen = WAVES[waves] if waves else NO_WAVES
        try:
            os.replace(make(Build(tools, work, log, harness, chosen), tops, optimise), target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        kept.keep(target, log)
    return target
