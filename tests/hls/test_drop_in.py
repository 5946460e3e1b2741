"""The HLS core behind the ports of the RTL core: the wrapper in Verilator, with a stand-in for the IP that Vitis HLS would make."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from spikeloom import cycles, golden
from spikeloom.cycles import ONE_AT_A_TIME
from spikeloom.hls import project
from spikeloom.plan import Plan
from spikeloom.selectable import selectable
from spikeloom_hw.emit import manifest, shell_text, verilog_text
from spikeloom_sim.lint import lint
from spikeloom_sim.network import Network, Stalls
from spikeloom_sim.verilate import Source, network_source

from .small import small_plan, words_for

HERE = Path(__file__).parent


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


def test_the_drop_in_counts_as_the_rtl_core_does(tmp_path: Path) -> None:
    plan = small_plan()
    rtl = verilog_text(plan)
    made = manifest(plan, rtl)
    files = standin(plan, project.write(plan, tmp_path), rtl)
    source = Source(files, network_source(files[0], made).bench)
    network = Network(tmp_path, manifest=made, sources=[source], optimise="-O0")
    words = words_for(plan)
    expected = cycles.simulate(plan, words, ONE_AT_A_TIME).counters()
    for stalls in (Stalls(), Stalls(0.3, 0.6, 7, 3)):
        result = network.run(words, "single", stalls)
        np.testing.assert_array_equal(result.values, golden.integers(plan.graph, words))
        assert result.counters["images"] == len(words)
        for name, count in result.counters.items():
            kind = name.rpartition(".")[2]
            if kind == "starved":
                assert count == result.counters["cycles"] - result.counters[name.replace("starved", "busy")], name
            elif kind == "stalled":
                assert count == 0, name
            elif kind not in ("cycles", "images"):
                assert count == expected[name], name
        # Time steps between first beat and last value, as the RTL core counts them.
        assert result.counters["cycles"] == int(result.latency.sum()) - len(words)
    streamed = network.run(words, "stream", Stalls(0.2, 0.2, 5, 4))
    np.testing.assert_array_equal(streamed.values, golden.integers(plan.graph, words))
    assert {n: c for n, c in streamed.counters.items() if "spikes" in n} == {n: c for n, c in expected.items() if "spikes" in n}


@pytest.mark.parametrize("chosen", [False, True])
def test_lint_under_the_shell(chosen: bool, tmp_path: Path) -> None:
    plan = selectable(small_plan()) if chosen else small_plan()
    rtl = verilog_text(plan)
    files = standin(plan, project.write(plan, tmp_path), rtl)
    empty = re.sub(r"    rtl_core core \((.|\n)*?\);\n", "    assign m_axis_TDATA = 0;\n", files[2].read_text(encoding="utf-8"))
    stub = re.sub(r"\);\n    reg(.|\n)*endmodule", ");\nendmodule", empty)
    files[2].write_text(stub, encoding="utf-8")
    shell = tmp_path / "shell.v"
    shell.write_text(shell_text(manifest(plan, rtl)), encoding="utf-8")
    found = lint(*files[:3], shell, module="shell")
    assert [line for line in found if "standin.v" not in line] == []


def test_ports_are_those_of_the_rtl_core(tmp_path: Path) -> None:
    for plan in (small_plan(), selectable(small_plan())):
        text = (project.write(plan, tmp_path) / "rtl" / "top.v").read_text(encoding="utf-8")
        made = ports(text)
        rtl = verilog_text(plan)
        header = re.search(r"\nmodule top\((.*?)\);", rtl)
        assert header is not None and set(header[1].split(", ")) == set(made)
        body = rtl[header.end() :]
        for name, width in made.items():
            declared = re.search(rf"\n  (?:input|output) (?:\[(\d+):0\] )?{name};", body)
            assert declared is not None and int(declared[1] or 0) + 1 == width, name


def ports(text: str) -> dict[str, int]:
    """Widths of the ports of a module."""
    return {name: int(high or 0) + 1 for high, name in re.findall(r"(?:input|output) wire (?:\[(\d+):0\] )?(\w+)", text)}
