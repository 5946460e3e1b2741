"""The HLS core behind the ports of the RTL core: the wrapper in Verilator, with a stand-in for the
IP that Vitis HLS would make.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from spikeloom.backend.hls import project
from spikeloom.interface.manifest import Manifest
from spikeloom.ir import golden
from spikeloom.mapping import cycle_model
from spikeloom.mapping.cycle_model import ONE_AT_A_TIME
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.plan.runtime_steps import selectable
from spikeloom_hw.emit import manifest as describe
from spikeloom_hw.emit import shell_text, verilog_text
from spikeloom_sim.board import MemoryModel, Simulation, random_memory
from spikeloom_sim.board.bench import bench
from spikeloom_sim.board.build import HARNESS
from spikeloom_sim.network import verilate
from spikeloom_sim.network.lint import lint
from spikeloom_sim.network.verilate import Source

from tests.sim.board.raw import Host
from tests.sw.backend.hls.small import small_plan, words_for

HERE = Path(__file__).parent

Made = tuple[Plan, str, Manifest, str]


def standin(plan: Plan, place: Path, rtl: str) -> tuple[Path, ...]:
    """The stand-in with this network's numbers, and the RTL core inside it."""
    text = (HERE / "standin.v").read_text(encoding="utf-8")
    top = (place / "rtl" / "top.v").read_text(encoding="utf-8")
    for name in ("BEAT_WIDTH", "COUNTERS", "ENGINES"):
        found = re.search(rf"\.{name}\((\d+)\)", top)
        assert found is not None
        text, count = re.subn(rf"parameter {name} = \d+", f"parameter {name} = {found[1]}", text)
        assert count == 1
    renamed, count = re.subn(r"\bmodule top\(", "module rtl_core(", rtl)
    assert count == 1
    files = {"standin.v": text, "rtl_core.v": renamed}
    for name, content in files.items():
        (place / "rtl" / name).write_text(content, encoding="utf-8")
    return tuple(place / "rtl" / name for name in ("top.v", "hls_core.v", *files))


@pytest.fixture(scope="module")
def made() -> Made:
    """A plan, its RTL, its manifest, and the shell."""
    plan = small_plan()
    rtl = verilog_text(plan)
    manifest = describe(plan, rtl)
    return plan, rtl, manifest, shell_text(manifest)


def test_the_shell_takes_it_for_the_rtl_core(made: Made, tmp_path: Path) -> None:
    """Jobs through the shell on the simulated board: values, and every counter at its address,
    cleared by each job.
    """
    plan, rtl, manifest, shell = made
    (tmp_path / "shell.v").write_text(shell, encoding="utf-8")
    files = (tmp_path / "shell.v", *standin(plan, project.write(plan, tmp_path), rtl))
    source = Source(files, bench(manifest.address_width, manifest.memory_width))
    host = Host(
        Simulation(verilate.library(tmp_path, [source], optimise="-O0", harness=HARNESS)), manifest
    )
    words = words_for(plan, 6)
    expected, timing = (
        golden.integers(plan.graph, words),
        cycle_model.simulate(plan, words, ONE_AT_A_TIME).counters(),
    )
    for job in range(6):
        host.simulation.memory(random_memory(job) if job else MemoryModel())
        outcome = host.run(words, single=job % 2 == 0)
        assert (outcome.status, outcome.error) == ({"done"}, frozenset())
        np.testing.assert_array_equal(outcome.values, expected)
        check(outcome.counters, timing, len(words), job % 2 == 0)
        if job % 2 == 0:
            assert outcome.counters["cycles"] == int(outcome.latency.sum()) - len(words)
    host.begin(words, single=False)
    host.simulation.advance(120)
    host.act("abort")
    host.wait()
    assert host.flags("status") >= {"failed"}
    outcome = host.run(words)
    assert outcome.status == {"done"}
    np.testing.assert_array_equal(outcome.values, expected)


def check(counted: dict[str, int], timing: dict[str, int], images: int, single: bool) -> None:
    """Every counter beside the cycle model's; starved is the rest of the active cycles, stalled is
    not known.
    """
    assert counted["images"] == images and counted.keys() == timing.keys()
    for name, count in counted.items():
        kind = name.rpartition(".")[2]
        if kind == "starved":
            assert count == counted["cycles"] - counted[name.replace("starved", "busy")], name
        elif kind == "stalled":
            assert count == 0, name
        elif kind not in ("cycles", "images") and (single or kind != "busy"):
            assert count == timing[name], name


def test_lint_under_the_shell(made: Made, tmp_path: Path) -> None:
    plan, rtl, _, text = made
    files = standin(plan, project.write(plan, tmp_path), rtl)
    stub = re.sub(
        r"\);\n    reg(.|\n)*endmodule", ");\nendmodule", files[2].read_text(encoding="utf-8")
    )
    files[2].write_text(stub, encoding="utf-8")
    shell = tmp_path / "shell.v"
    shell.write_text(text, encoding="utf-8")
    found = lint(*files[:3], shell, module="shell")
    assert [line for line in found if "standin.v" not in line] == []


def test_ports_are_those_of_the_rtl_core(made: Made, tmp_path: Path) -> None:
    chosen = selectable(made[0])
    for plan, rtl in (made[:2], (chosen, verilog_text(chosen))):
        text = (project.write(plan, tmp_path) / "rtl" / "top.v").read_text(encoding="utf-8")
        found = ports(text)
        header = re.search(r"\nmodule top\((.*?)\);", rtl)
        assert header is not None and set(header[1].split(", ")) == set(found)
        body = rtl[header.end() :]
        for name, width in found.items():
            declared = re.search(rf"\n  (?:input|output) (?:\[(\d+):0\] )?{name};", body)
            assert declared is not None and int(declared[1] or 0) + 1 == width, name


def ports(text: str) -> dict[str, int]:
    """Widths of the ports of a module."""
    return {
        name: int(high or 0) + 1
        for high, name in re.findall(r"(?:input|output) wire (?:\[(\d+):0\] )?(\w+)", text)
    }
