"""Weights in files beside the Verilog: the same hardware, and files that nobody can mix up."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.backend.nextpnr import flow as open_flow
from spikeloom.backend.nextpnr import steps as open_steps
from spikeloom.backend.tools import ToolError
from spikeloom.backend.vivado import flow as vivado
from spikeloom.backend.yosys import resources, yosys
from spikeloom.errors import SpikeLoomError
from spikeloom.interface import manifest as manifests
from spikeloom.interface.verilog import checked, memory_files
from spikeloom.ir import golden
from spikeloom.ir.neurons import Raw
from spikeloom.ir.number import Code
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate
from spikeloom.mapping.plan.headroom import with_room
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom_hw.emit import emit, network_files, verilog_text
from spikeloom_hw.memory import weights
from spikeloom_hw.memory.outside import OutsideMemory
from spikeloom_sim.board import SimulatedBoard
from spikeloom_sim.network.lint import lint
from spikeloom_sim.network.network import Network

from tests.hw.engine.test_corners import entry, layer, plan_of
from tests.networks import random_plan, random_words
from tests.sw.backend.vivado.running import run
from tests.sw.backend.yosys.small import SHELL

SEEDS = (2, 14, 22, 35)


def loadable(plan: Plan) -> Plan:
    graph, rooms = with_room(plan.graph)
    return replace(plan, graph=graph, rooms=rooms)


def plans() -> list[Plan]:
    made = [random_plan(seed) for seed in SEEDS]
    return [*made, loadable(made[0])]


WEIGHT = np.random.default_rng(3).integers(-8, 8, (16, 8, 3, 3))

FOLDING = Folding("event", 8, 2, 1, 16, weights="block")


@pytest.fixture(scope="module")
def emitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network with its weights in files. Nobody writes into it."""
    folder = tmp_path_factory.mktemp("emitted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "MOST_INSIDE", 0)
        emit(random_plan(14), folder)
    return folder


@pytest.fixture
def net(emitted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(emitted, tmp_path / "net"))


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Says whether weights lie in files, however few there are."""

    def choose(wanted: bool) -> None:
        monkeypatch.setattr(weights, "MOST_INSIDE", 0 if wanted else 1 << 60)

    choose(True)
    return choose


def test_networks_hold_their_weights_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = random_plan(2)
    engines = [e for s in plan.stages for e in (s, s.skip_stage) if e is not None and e.body.adds]
    bits = sum(e.layer.synapses.weight.size * e.stored_width for e in engines)
    monkeypatch.setattr(weights, "MOST_INSIDE", bits)
    assert set(network_files(plan)) == {"top.v"}
    monkeypatch.setattr(weights, "MOST_INSIDE", bits - 1)
    assert len(network_files(plan)) > 1


@pytest.mark.parametrize("number", range(len(SEEDS) + 1))
def test_same_results_in_the_same_cycles(
    tmp_path: Path, outside: Callable[[bool], None], number: int
) -> None:
    plan = plans()[number]
    made = emit(plan, tmp_path)
    files = checked(tmp_path, made)
    assert len(files) > 1 and {path.suffix for path in files[1:]} == {".mem"}
    assert lint(files[0]) == []
    words = random_words(np.random.default_rng(1), plan.graph, 3, 0.4)
    found = Network(tmp_path, optimise="-O0").run(words, mode="stream")
    timing = simulate(plan, words, BACK_TO_BACK)
    assert np.array_equal(found.words, golden.trace(plan.graph, words)[plan.graph.output.name])
    assert (found.first.tolist(), found.last.tolist()) == (
        timing.first.tolist(),
        timing.last.tolist(),
    )
    assert found.counters == timing.counters()


def test_the_contents_are_those_of_the_verilog(outside: Callable[[bool], None]) -> None:
    """Row by row, for each memory of a network."""
    plan = random_plan(22)
    texts = network_files(plan)
    outside(False)
    inside = verilog_text(plan)
    rows = re.compile(r"^    \S+ ?\[(\d+)\] = \d+'h([0-9a-f]+);$", re.M)
    modules = re.findall(r"^module \S*weights\d+ ?\(.*?(?=^endmodule)", inside, re.M | re.S)
    blocks = [[int(value, 16) for _, value in rows.findall(module)] for module in modules]
    files = [
        [int(line, 16) for line in text.splitlines()]
        for name, text in texts.items()
        if name.endswith(".mem")
    ]
    assert sorted(block for block in blocks if block) == sorted(files) != []


def test_yosys_finds_the_same_cells(tmp_path: Path, outside: Callable[[bool], None]) -> None:
    """In block RAM. In LUTs Yosys optimises across the border of a module that is no other's."""
    plan = plan_of([entry(8, 4, 4, Code(3)), layer("a", "x", WEIGHT, Raw(None))], [FOLDING])
    found = []
    for wanted in (False, True):
        outside(wanted)
        folder = tmp_path / str(wanted)
        emit(plan, folder)
        (folder / "rtl" / "shell.v").write_text(SHELL, encoding="utf-8")
        found.append(resources.resources(folder).total)
    assert found[0] == found[1] and found[0].ramb18


@pytest.mark.parametrize("ooc", [False, True])
def test_vivado_is_told_of_the_files(emitted: Path, tmp_path: Path, ooc: bool) -> None:
    vivado.prepare(emitted, tmp_path / "vivado", ooc=ooc)
    status, model = run(tmp_path / "vivado")
    assert status == 0, model.lines
    (tmp_path / "vivado" / "rtl" / next(iter(files_of(emitted)))).unlink()
    status, model = run(tmp_path / "vivado")
    assert status and any("could not open $readmem" in line for line in model.lines)


def test_the_open_flow_takes_the_files_along(emitted: Path, tmp_path: Path) -> None:
    """Yosys finds them beside the Verilog."""
    open_flow.prepare(emitted, tmp_path / "open")
    assert files_of(tmp_path / "open") == files_of(emitted)
    script = "read_verilog rtl/top.v\nhierarchy -check -top top\n"
    yosys.run(tmp_path / "open", "read", script, tmp_path / "log")
    name = next(iter(files_of(emitted)))
    (tmp_path / "open" / "rtl" / name).unlink()
    with pytest.raises(ToolError, match=re.escape(name)):
        yosys.run(tmp_path / "open", "read", script, tmp_path / "log")


def files_of(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (folder / "rtl").glob("*.mem")}


def test_the_board_reads_them_from_anywhere(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And again when the bitstream is loaded again."""
    monkeypatch.chdir(net.parent)
    with SimulatedBoard(Path("net"), optimise="-O0") as board:
        board.simulation.load()


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_file_of_another_network_is_refused(net: Path, tmp_path: Path, damage: str) -> None:
    made = manifests.load(net)
    name = next(iter(memory_files((net / "rtl" / "top.v").read_text())))
    path = net / "rtl" / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_text(path.read_text().replace("0", "1"))
    for refuses in (
        lambda: checked(net, made),
        lambda: Network(net),
        lambda: SimulatedBoard(net),
        lambda: resources.resources(net),
        lambda: vivado.prepare(net, tmp_path / "vivado"),
        lambda: open_flow.prepare(net, tmp_path / "open"),
    ):
        with pytest.raises(SpikeLoomError, match=re.escape(name)):
            refuses()
    assert not (tmp_path / "vivado").exists() and not (tmp_path / "open").exists()


def test_files_of_an_older_network_are_removed(net: Path) -> None:
    assert files_of(net)
    emit(random_plan(14), net)
    assert not files_of(net)


def test_numbers_that_cannot_be() -> None:
    for changes in ({"width": 0}, {"rows": [1]}, {"name": ""}):
        with pytest.raises(ValueError, match="expected rows of one bit or more"):
            OutsideMemory(**{"name": "m", "width": 2, "rows": [0, 1], "style": {}} | changes)
    for rows in ([0, 4], [-1, 0]):
        with pytest.raises(ValueError, match="expected rows of 2 bits"):
            OutsideMemory(name="m", width=2, rows=rows, style={})


@pytest.mark.parametrize("memory", ["changed", "same"])
def test_other_memories_are_synthesised_anew(
    memory: str, net: Path, tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the open flow, though the Verilog is the same."""
    target, runs = tmp_path / "open", tmp_path / "runs"
    open_flow.prepare(net, target)
    made = (open_steps.NETLIST, open_steps.CELLS, "yosys.log")
    code = f"import pathlib; [pathlib.Path(n).write_text('x') for n in {made!r}]"
    monkeypatch.setattr(yosys, "RUN", f"{code}; open({str(runs)!r}, 'a').write('x')")
    open_flow.synthesise_here(target)
    if memory == "changed":
        first = min((target / "rtl").glob("*.mem"))
        first.write_bytes(first.read_bytes() + b"0\n")
    open_flow.synthesise_here(target)
    assert len(runs.read_text()) == (2 if memory == "changed" else 1)
