"""Modules by batches come out as the whole does; what is finished is not made again."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from spikeloom.backend.tools import ToolError
from spikeloom.backend.yosys import batches, netlist, resources, yosys
from spikeloom.backend.yosys.cells import NOTHING, Taken, taken
from spikeloom.backend.yosys.split import Module, split
from spikeloom.errors import SpikeLoomError
from spikeloom.files import save_json
from spikeloom.progress import silent

from tests.sw.backend.yosys.small import small


def module(length: int, key: str) -> Module:
    return Module(key, "x" * length, {}, {})


def test_batches() -> None:
    """The longest first, none over what is enough unless it is one module, whatever the order."""
    sizes = [
        batches.ENOUGH * 3,
        batches.ENOUGH // 2,
        batches.ENOUGH // 2 + 1,
        batches.ENOUGH // 2 - 1,
        5,
        5,
        5,
    ]
    modules = [module(size, f"m{k}") for k, size in enumerate(sizes)]
    found = [[m.key for m in batch] for batch in batches.batches(modules)]
    assert found == [["m0"], ["m2"], ["m1", "m3"], ["m4", "m5", "m6"]]
    assert found == [[m.key for m in batch] for batch in batches.batches(modules[::-1])]
    assert batches.batches([]) == []


def test_names_of_batches() -> None:
    a, b = module(3, "a"), module(4, "b")
    keys = {
        batches.key_of(batches.script(family), batches.source(batch))
        for batch in ([a], [b], [a, b], [b, a])
        for family in ("xc7", "xcup")
    }
    assert len(keys) == 8


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    made = small(tmp_path_factory.mktemp("each"), "pynq-z2")
    return [(made.folder / "rtl" / name).read_text(encoding="utf-8") for name in resources.SOURCES]


@pytest.fixture(scope="module")
def modules(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    place = tmp_path_factory.mktemp("place")
    return batches.synthesise(texts, "xc7", place, place, place / "log", silent)[0]


def counted(modules: dict[str, Any]) -> dict[tuple[str, ...], Taken]:
    found: dict[tuple[str, ...], Taken] = {}
    for cell in netlist.take_apart(modules, "shell").cells:
        if cell.kind != netlist.WIRE:
            found[cell.place] = found.get(cell.place, NOTHING) + (taken(cell.kind) or NOTHING)
    return found


def test_as_the_whole_at_once(texts: list[str], modules: dict[str, Any], tmp_path: Path) -> None:
    """Every instance takes the same, but for some LUTs in a hundred: ABC9 goes through names in the
    order of all that was read.
    """
    for name, text in zip(resources.SOURCES, texts, strict=True):
        (tmp_path / name).write_text(text, encoding="utf-8")
    yosys.run(
        tmp_path,
        "whole",
        yosys.synthesis_script(resources.SOURCES, "shell", "xc7"),
        tmp_path / "log",
    )
    whole, found = counted(netlist.load(tmp_path / yosys.NETLIST)), counted(modules)
    assert whole.keys() == found.keys() and len(found) >= 15
    for instance, cost in whole.items():
        made = found[instance]
        assert abs(cost.lut - made.lut) <= 1 + cost.lut // 50 and replace(cost, lut=0) == replace(
            made, lut=0
        ), instance


def test_finished_batches_are_not_made_again(
    texts: list[str],
    modules: dict[str, Any],
    made: Path,
    own_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A damaged one is, and is the same; another Yosys makes all of them."""
    known = {module.key: modules[name] for name, module in split(texts).items()}
    scripts: list[str] = []

    def run(folder: Path, name: str, script: str, log: Path, stop: threading.Event) -> None:
        scripts.append(script)
        log.write_text(f"{script.splitlines()[-1]}\n", encoding="utf-8")
        shutil.copy(made / yosys.MODELS, folder)
        save_json(folder / yosys.NETLIST, {"modules": known})

    monkeypatch.setattr(yosys, "run", run)
    steps: list[tuple[int, int]] = []

    def again() -> list[str]:
        """The scripts that were run."""
        scripts.clear()
        log, steps[:] = tmp_path / "log", []
        log.unlink(missing_ok=True)
        found, _ = batches.synthesise(
            texts,
            "xc7",
            tmp_path,
            tmp_path,
            log,
            lambda what, done, total: steps.append((done, total)),
        )
        assert found == modules and sorted(log.read_text().splitlines()) == said
        assert steps[0][0] == 0 and steps[-1][0] == steps[-1][1] > 0 and steps == sorted(steps)
        return sorted(scripts)

    count = len(batches.batches({module.key: module for module in split(texts).values()}.values()))
    every = sorted([yosys.models_script(), *[batches.script("xc7")] * count])
    said = sorted(script.splitlines()[-1] for script in every)
    assert again() == every and again() == []
    damaged = min(own_cache.glob(f"yosys/*/{batches.FINISHED}"))
    damaged.write_bytes(damaged.read_bytes()[:-20])
    assert again() == [batches.script("xc7")] and again() == []
    monkeypatch.setattr(yosys, "version", lambda: "another")
    assert again() == every


def test_a_batch_that_fails(
    texts: list[str], own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that run beside it are ended, none is begun, and the log has what it said."""
    ended = threading.Event()

    def run(folder: Path, name: str, script: str, log: Path, stop: threading.Event) -> None:
        if script == yosys.models_script():
            assert stop.wait(30)
            ended.set()
            raise KeyboardInterrupt
        log.write_text("what it said\n")
        raise ToolError(f"Yosys: ended; its log: {log}")

    monkeypatch.setattr(yosys, "run", run)
    start = time.monotonic()
    with pytest.raises(ToolError, match=f"Yosys: ended; its log: {tmp_path / 'log'}$"):
        batches.synthesise(texts, "xc7", tmp_path, tmp_path, tmp_path / "log", silent)
    assert ended.is_set() and time.monotonic() - start < 20
    said = (tmp_path / "log").read_text()
    assert (
        said
        and said == "what it said\n" * said.count("\n")
        and [file.name for file in tmp_path.iterdir()] == ["log"]
    )


def test_a_netlist_without_the_module(
    texts: list[str], own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(folder: Path, *_: object) -> None:
        for name in (yosys.NETLIST, yosys.MODELS):
            (folder / name).write_text('{"modules": {}}', encoding="utf-8")

    monkeypatch.setattr(yosys, "run", run)
    with pytest.raises(SpikeLoomError, match="found no module 'part_"):
        batches.synthesise(texts, "xc7", tmp_path, tmp_path, tmp_path / "log", silent)


def test_modules_keep_their_own_places(modules: dict[str, Any], texts: list[str]) -> None:
    """An instance is of the module that it is in the Verilog, also where two modules are the
    same.
    """
    for name, one in split(texts).items():
        assert {cell: modules[name]["cells"][cell]["type"] for cell in one.inside} == one.inside
        assert not [
            cell
            for cell in modules[name]["cells"].values()
            if cell["type"].startswith(("stub_", "part_"))
        ]
