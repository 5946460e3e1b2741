"""Yosys on the modules of the Verilog by batches: several at once, the same module once, and no
batch that the cache holds.

Modules stay whole, so none needs another. One Yosys takes some of them, since it needs seconds to
begin; not many, since the time for one grows with what else it holds. The Verilog alone decides
which go together: beside others a module can come out a few LUTs larger or smaller, since the order
of names in Yosys is that of all that it has read.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from spikeloom.backend import tools
from spikeloom.backend.yosys import arcs, netlist, yosys
from spikeloom.backend.yosys.initial_values import in_blocks
from spikeloom.backend.yosys.split import Module, split
from spikeloom.cache import builds
from spikeloom.files import save_text
from spikeloom.interface.verilog import copy_memories
from spikeloom.progress import Progress

ENOUGH = 200_000
"""Characters of Verilog for one Yosys, unless one module has more."""

SOURCE, TOP = "modules.v", "all"
"""Verilog of one run, and the module in it that holds the others."""

FINISHED, SAID = "modules.json.gz", "said"
"""What is kept of a finished batch: its netlists by module, and what Yosys said."""


def script(family: str) -> str:
    """What every run does. Raises SpikeLoomError for a family that Yosys is not asked for."""
    return yosys.synthesis_script([SOURCE], TOP, family)


def synthesise(
    texts: Sequence[str], family: str, rtl: Path, place: Path, log: Path, progress: Progress
) -> tuple[dict[str, Any], arcs.Library]:
    """The netlist of emitted Verilog by module, and the models of the cells.

    Arguments: rtl: folder of the files that the texts read. place: folder of the runs. log: what
    all runs say. progress: thousands of characters done, and of all. Raises SpikeLoomError where
    Yosys ends with an error. What was finished by then is not made again.
    """
    modules = split(texts)
    chosen = batches({module.key: module for module in modules.values()}.values())
    sizes = [sum(len(module.verilog) for module in batch) for batch in chosen]
    known: dict[str, Any] = {}
    done = 0
    with Runs(family, rtl, place, log) as runs:
        library = runs.pool.submit(runs.models)
        making = {runs.pool.submit(runs.made, batch): k for k, batch in enumerate(chosen)}
        progress("yosys", 0, sum(sizes) // 1000)
        for run in as_completed(making):
            known.update(run.result())
            done += sizes[making[run]]
            progress("yosys", done // 1000, sum(sizes) // 1000)
        found = library.result()
    return {
        name: with_insides(known[module.key], module) for name, module in modules.items()
    }, found


def batches(modules: Iterable[Module]) -> list[list[Module]]:
    """What one Yosys takes each, the longest first."""
    found: list[list[Module]] = []
    room = 0
    for module in sorted(modules, key=lambda module: (-len(module.verilog), module.key)):
        if len(module.verilog) > room:
            found.append([])
            room = ENOUGH
        found[-1].append(module)
        room -= len(module.verilog)
    return found


def source(batch: Sequence[Module]) -> str:
    """Verilog of a batch."""
    stubs = {name: text for module in batch for name, text in sorted(module.stubs.items())}
    holding = [f"  (* keep *) {module.key} held{k} ();" for k, module in enumerate(batch)]
    return "\n".join(
        [
            *stubs.values(),
            *(in_blocks(module.verilog) for module in batch),
            f"module {TOP};",
            *holding,
            "endmodule\n",
        ]
    )


def with_insides(contents: Mapping[str, Any], module: Module) -> Mapping[str, Any]:
    """A module's netlist, its instances of what they really are."""
    if not module.inside:
        return contents
    cells = {
        name: {**cell, "type": module.inside.get(name, cell["type"])}
        for name, cell in contents["cells"].items()
    }
    return {**contents, "cells": cells}


def key_of(*texts: str) -> str:
    """What the cache knows a run by: its script, and what it reads."""
    return builds.key_of([yosys.version(), *texts])


def save(work: Path, made: Mapping[str, Any]) -> None:
    (work / FINISHED).write_bytes(gzip.compress(json.dumps(made).encode(), 1, mtime=0))


def load(work: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(gzip.decompress((work / FINISHED).read_bytes()))
    return made


class Runs:
    """Runs of Yosys in threads. Leaving ends those that go on, whatever the reason."""

    def __init__(self, family: str, rtl: Path, place: Path, log: Path):
        self.script, self.rtl, self.place, self.log = script(family), rtl, place, log
        self.pool = ThreadPoolExecutor(max(2, os.cpu_count() or 1))
        self.told = tools.interruptible()
        self.stop = threading.Event()
        self.logging = threading.Lock()

    def __enter__(self) -> Runs:
        self.told.__enter__()
        return self

    def __exit__(self, *why: object) -> None:
        self.stop.set()
        self.pool.shutdown(cancel_futures=True)
        self.told.__exit__(None, None, None)

    def models(self) -> arcs.Library:
        """Of the cells."""
        text = yosys.models_script()
        with self.entry(key_of(text)) as kept, self.folder() as work:
            if not kept.take(work):
                self.run(work, text)
                kept.keep(work / yosys.MODELS, work / SAID)
            return arcs.load(work / yosys.MODELS)

    def made(self, batch: Sequence[Module]) -> dict[str, Any]:
        """The netlists of a batch, by the keys of its modules."""
        text = source(batch)
        with self.entry(key_of(self.script, text)) as kept, self.folder() as work:
            if not kept.take(work):
                save_text(work / SOURCE, text)
                copy_memories(text, self.rtl, work)
                self.run(work, self.script)
                save(work, self.wanted(batch, netlist.load(work / yosys.NETLIST)))
                kept.keep(work / FINISHED, work / SAID)
            return load(work)

    def wanted(self, batch: Sequence[Module], made: Mapping[str, Any]) -> dict[str, Any]:
        """Of a netlist the modules of a batch."""
        names = sorted(module.key for module in batch)
        for name in names:
            if name not in made:
                raise netlist.broken(str(self.log), f"found no module {name!r} in it")
        return {name: made[name] for name in names}

    def entry(self, key: str) -> AbstractContextManager[builds.Entry]:
        return builds.entry("yosys", key, self.stop.is_set)

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """For one run. What it says is in the common log afterwards, in one piece."""
        with tempfile.TemporaryDirectory(
            dir=self.place, prefix="yosys-", ignore_cleanup_errors=True
        ) as text:
            said = Path(text) / SAID
            try:
                yield Path(text)
            finally:
                with self.logging, self.log.open("ab") as log:
                    log.write(said.read_bytes() if said.exists() else b"")

    def run(self, work: Path, script: str) -> None:
        """One script."""
        own = work / SAID
        try:
            yosys.run(work, "script", script, own, self.stop)
        except tools.ToolError as error:
            raise tools.ToolError(str(error).replace(str(own), str(self.log))) from error
