"""Yosys on the modules of the Verilog by batches: several at once, the same module once, and no
batch that an earlier run has finished.

Modules stay whole, so none needs another. One Yosys takes some of them, since it needs seconds to
begin; not many, since the time for one grows with what else it holds. The Verilog alone decides
which go together: beside others a module can come out a few LUTs larger or smaller, since the order
of names in Yosys is that of all that it has read.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spikeloom.backend import tools
from spikeloom.backend.yosys import arcs, netlist, yosys
from spikeloom.backend.yosys.initial_values import in_blocks
from spikeloom.backend.yosys.split import Module, split
from spikeloom.files import replacing, save_text
from spikeloom.progress import Progress

ENOUGH = 200_000
"""Characters of Verilog for one Yosys, unless one module has more."""

SOURCE, TOP = "modules.v", "all"
"""Verilog of one run, and the module in it that holds the others."""

FINISHED = "finished"
"""Folder of the finished batches."""


def script(family: str) -> str:
    """What every run does. Raises SpikeLoomError for a family that Yosys is not asked for."""
    return yosys.synthesis_script([SOURCE], TOP, family)


def synthesise(
    texts: Sequence[str], family: str, place: Path, log: Path, progress: Progress
) -> tuple[dict[str, Any], arcs.Library]:
    """The netlist of emitted Verilog by module, and the models of the cells.

    Arguments: place: folder of the runs and of the finished batches; those that are not of these
    texts are removed from it. log: what all runs say. progress: thousands of characters done, and
    of all. Raises SpikeLoomError where Yosys ends with an error. What was finished by then is not
    made again.
    """
    modules = split(texts)
    chosen = batches({module.key: module for module in modules.values()}.values())
    finished = Finished(place / FINISHED)
    keys = [key_of(batch, family) for batch in chosen]
    sizes = [sum(len(module.verilog) for module in batch) for batch in chosen]
    known: dict[str, Any] = {}
    done = 0
    with Runs(family, place, log) as runs:
        library = runs.pool.submit(runs.models)
        making = {
            runs.pool.submit(runs.made, batch, key, finished): k
            for k, (batch, key) in enumerate(zip(chosen, keys, strict=True))
        }
        progress("yosys", 0, sum(sizes) // 1000)
        for run in as_completed(making):
            known.update(run.result())
            done += sizes[making[run]]
            progress("yosys", done // 1000, sum(sizes) // 1000)
        found = library.result()
    finished.keep(keys)
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


def key_of(batch: Sequence[Module], family: str) -> str:
    """All that the netlists of a batch depend on, in one name."""
    return hashlib.sha256(
        "\n".join([yosys.version(), script(family), *(module.key for module in batch)]).encode()
    ).hexdigest()[:24]


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


@dataclass(frozen=True)
class Finished:
    """Netlists of batches, module by module, in a folder of their own."""

    folder: Path

    def file(self, key: str) -> Path:
        return self.folder / f"{key}.json.gz"

    def load(self, key: str) -> dict[str, Any] | None:
        """None where there is none, or it is damaged."""
        try:
            made = json.loads(gzip.decompress(self.file(key).read_bytes()))
        except (OSError, EOFError, ValueError, zlib.error):
            return None
        return made if isinstance(made, dict) else None

    def save(self, key: str, made: Mapping[str, Any]) -> None:
        self.folder.mkdir(exist_ok=True)
        with replacing(self.file(key)) as stream:
            stream.write(gzip.compress(json.dumps(made).encode(), 1, mtime=0))

    def keep(self, keys: Iterable[str]) -> None:
        """Remove all others."""
        for file in set(self.folder.iterdir()) - {self.file(key) for key in keys}:
            file.unlink()


class Runs:
    """Runs of Yosys in threads. Leaving ends those that go on, whatever the reason."""

    def __init__(self, family: str, place: Path, log: Path):
        self.script, self.place, self.log = script(family), place, log
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
        with self.folder() as work:
            self.run(work, yosys.models_script())
            return arcs.load(work / yosys.MODELS)

    def made(self, batch: Sequence[Module], key: str, finished: Finished) -> dict[str, Any]:
        """The netlists of a batch, by the keys of its modules."""
        wanted = {module.key for module in batch}
        known = finished.load(key)
        if known is not None and wanted == known.keys():
            return known
        with self.folder() as work:
            save_text(work / SOURCE, source(batch))
            self.run(work, self.script)
            made = netlist.load(work / yosys.NETLIST)
        if not wanted <= made.keys():
            raise netlist.broken(
                str(self.log), f"found no module {min(wanted - made.keys())!r} in it"
            )
        found = {name: made[name] for name in sorted(wanted)}
        finished.save(key, found)
        return found

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """For one run."""
        with tempfile.TemporaryDirectory(
            dir=self.place, prefix="yosys-", ignore_cleanup_errors=True
        ) as text:
            yield Path(text)

    def run(self, work: Path, script: str) -> None:
        """One script. What it says is in the common log afterwards, in one piece."""
        own = work / "said"
        try:
            yosys.run(work, "script", script, own, self.stop)
        except tools.ToolError as error:
            raise tools.ToolError(str(error).replace(str(own), str(self.log))) from error
        finally:
            with self.logging, self.log.open("ab") as log:
                log.write(own.read_bytes() if own.exists() else b"")
