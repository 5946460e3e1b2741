"""The Tcl of the Vivado flow where something fails: what is left, and which mistakes are found."""

from __future__ import annotations

import tkinter
from pathlib import Path

import pytest
from spikeloom.interface import manifest as manifests

from tests.sw.backend.vivado.cores import CATALOGUE
from tests.sw.backend.vivado.fake import handoff
from tests.sw.backend.vivado.interpreter import Interpreter
from tests.sw.backend.vivado.model import Vivado
from tests.sw.backend.vivado.options import Call
from tests.sw.backend.vivado.running import of, prepared, run
from tests.sw.backend.vivado.setup import Setup

COMMANDS = (
    *(
        "create_project:1",
        "ipx::package_project",
        "ipx::save_core",
        "close_project:1",
        "create_project:2",
        "create_bd_design",
    ),
    *(
        "create_bd_cell:3",
        "connect_bd_net:2",
        "assign_bd_address:2",
        "validate_bd_design",
        "generate_target",
        "make_wrapper",
    ),
    *(
        "synth_design",
        "place_design",
        "route_design",
        "report_power",
        "get_timing_paths",
        "write_bitstream",
        "close_project:2",
    ),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_failure_leaves_nothing_that_looks_good(
    networks: dict[str, Path], tmp_path: Path, command: str
) -> None:
    folder = prepared(networks, tmp_path, "pynq-z2")
    for name in ("out", "report", "work"):
        (folder / name).mkdir()
        (folder / name / "toy.bit").write_text("of an earlier run")
    status, model = run(folder, Setup(fail=command, message="[Common 17-69] no memory"))
    last = command == "close_project:2"
    assert status == (0 if last else 1)
    assert last or model.lines[-1] == "ERROR: spikeloom: ERROR: [Common 17-69] no memory"
    assert (folder / "out").exists() == last and not (folder / "work").exists()
    assert not (folder / "report" / "toy.bit").exists()


@pytest.mark.parametrize(
    ("setup", "what"),
    [
        (Setup(slack="-0.512"), "slack -0.512 ns (max delay)"),
        (Setup(hold="-0.034"), "slack -0.034 ns (min delay)"),
        (Setup(pulse="-0.155"), "pulse width slack -0.155 ns"),
        (Setup(pulse="0.000"), "pulse width slack 0.000 ns"),
    ],
)
def test_timing_not_met(networks: dict[str, Path], tmp_path: Path, setup: Setup, what: str) -> None:
    """No bitstream is even written; the reports stay."""
    folder = prepared(networks, tmp_path, "pynq-z2")
    status, model = run(folder, setup)
    assert (
        status == 1
        and not of(model, "write_bitstream")
        and not (folder / "out").exists()
        and not (folder / "work").exists()
    )
    assert f"timing not met: {what}" in model.lines[-1]
    assert (folder / "report" / "timing_summary.rpt").is_file()


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ((), "expected a constrained path"),
        *(
            ((f"path:{text}",), f"expected a slack in ns, found '{text}'")
            for text in ("", "inf", "nan", "1.2.3", ".", "9" * 5000)
        ),
    ],
)
def test_no_clock_is_no_success(
    networks: dict[str, Path], tmp_path: Path, paths: tuple[str, ...], message: str
) -> None:
    folder = prepared(networks, tmp_path, "pynq-z2")

    class Unclocked(Vivado):
        def get_timing_paths(self, call: object) -> tuple[str, ...]:
            return paths

    manifest = manifests.load(folder)
    model = Unclocked(folder, Setup(), handoff(manifest), manifest.stages)
    assert Interpreter(folder, model).run() == 1
    assert message in model.lines[-1] and not (folder / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1.250", "NA", "found 'NA'"),
        ("WPWS(ns)", "PWS(ns)", "found ''"),
        ("WNS(ns)", "WNS", "expected a design timing summary"),
    ],
)
def test_no_pulse_width_is_no_success(
    networks: dict[str, Path], tmp_path: Path, old: str, new: str, message: str
) -> None:
    folder = prepared(networks, tmp_path, "pynq-z2")

    class Other(Vivado):
        def report_timing_summary(self, call: Call) -> str | None:
            found = super().report_timing_summary(call)
            return found.replace(old, new) if found is not None else None

    manifest = manifests.load(folder)
    model = Other(folder, Setup(), handoff(manifest), manifest.stages)
    assert Interpreter(folder, model).run() == 1
    assert message in model.lines[-1] and not (folder / "out").exists()


def test_a_project_that_cannot_be_removed_costs_no_result(
    networks: dict[str, Path], tmp_path: Path
) -> None:
    folder = prepared(networks, tmp_path, "pynq-z2")
    build = folder / "build.tcl"
    build.write_text(build.read_text().replace("    cd $here\n", '    error "busy"\n'))
    status, model = run(folder)
    assert (
        status == 0
        and "WARNING: spikeloom: work/ could not be removed: busy" in model.lines
        and (folder / "out" / "toy.bit").is_file()
    )


def test_a_part_that_is_not_installed(networks: dict[str, Path], tmp_path: Path) -> None:
    folder = prepared(networks, tmp_path, "zcu104")
    status, model = run(folder, Setup(parts=("xc7z020clg400-1",)))
    assert (
        status == 1
        and "part xczu7ev-ffvc1156-2-e is not installed in this Vivado" in model.lines[-1]
    )
    assert not (folder / "work").exists()


@pytest.mark.parametrize("core", ["smartconnect", "zynq_ultra_ps_e", "proc_sys_reset"])
def test_a_core_that_is_not_there(
    networks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, core: str
) -> None:
    monkeypatch.delitem(CATALOGUE, core)
    status, model = run(prepared(networks, tmp_path, "zcu104"))
    assert (
        status == 1
        and model.lines[-1] == f"ERROR: spikeloom: IP core {core} is not in this Vivado's catalogue"
    )


@pytest.mark.parametrize(
    "place",
    [
        "system.gen/sources_1/bd/system/hw_handoff",
        "system.srcs/sources_1/bd/system/hw_handoff",
        "elsewhere",
    ],
)
def test_the_handoff_file_is_searched(
    networks: dict[str, Path], tmp_path: Path, place: str
) -> None:
    folder = prepared(networks, tmp_path, "pynq-z2")
    assert run(folder, Setup(handoff=place))[0] == 0
    assert "EDKSYSTEM" in (folder / "out" / "toy.hwh").read_text()


@pytest.mark.parametrize("port", ["s_axi_control_wstrb", "m_axi_memory_awlen", "aclk", "aresetn"])
def test_a_bus_that_vivado_does_not_infer_is_named(
    networks: dict[str, Path], tmp_path: Path, port: str
) -> None:
    folder = prepared(networks, tmp_path, "pynq-z2")
    shell = folder / "rtl" / "shell.v"
    shell.write_text(shell.read_text().replace(port, f"x_{port}"))
    status, model = run(folder)
    bus = port.rpartition("_")[0] or port
    assert status == 1 and f"expected a bus {bus} inferred from the ports" in model.lines[-1]


MUTATIONS = [
    ("system.tcl", " [pin shell_0/aresetn]", ""),
    (
        "system.tcl",
        "reset_0/slowest_sync_clk shell_0/aclk control/aclk",
        "reset_0/slowest_sync_clk shell_0/aclk",
    ),
    (
        "system.tcl",
        "[pin reset_0/peripheral_aresetn] [pin control/aresetn]",
        "[pin reset_0/slowest_sync_clk] [pin control/aresetn]",
    ),
    (
        "system.tcl",
        "make_interconnect memory shell_0/m_axi_memory",
        "make_interconnect memory shell_0/s_axi_control",
    ),
    ("system.tcl", "    validate_bd_design\n", ""),
    ("system.tcl", "[make_wrapper -files $design -top]", "[make_wrapper -files $design]"),
    ("system.tcl", "-offset $setting(base)", "-ofset $setting(base)"),
    ("system.tcl", "update_ip_catalog", "update_ip_catalogue"),
    ("package.tcl", "ipx::associate_bus_interfaces -clock aclk -reset aresetn $core", ""),
    ("package.tcl", "POLARITY ACTIVE_LOW", "POLARITY ACTIVE_HIGH"),
    ("package.tcl", "set_property version 1.0 $core", "set_property version 1.1 $core"),
    ("package.tcl", "rtl top.v", "rtl tip.v"),
    ("implement.tcl", "    route_design\n", ""),
    ("implement.tcl", "[file join $here report power.rpt]", "[file join $here .. power.rpt]"),
    ("implement.tcl", "BITSTREAM.CONFIG.USERID", "BITSTREAM.CONFIG.USER_ID"),
    ("settings.tcl", "PCW_USE_S_AXI_HP0", "PCW_USE_S_AXI_HP9"),
    ("settings.tcl", '"M_AXI_GP0_ACLK"', '"M_AXI_GP0_CLK"'),
]


@pytest.mark.parametrize(("name", "old", "new"), MUTATIONS)
def test_mistakes_in_the_tcl_are_found(
    networks: dict[str, Path], tmp_path: Path, name: str, old: str, new: str
) -> None:
    """The model is worth something only if it refuses what Vivado would refuse."""
    folder = prepared(networks, tmp_path, "pynq-z2")
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))
    status, model = run(folder)
    assert (
        status == 1
        and model.lines[-1].startswith("ERROR: spikeloom: ")
        and not (folder / "out").exists()
    )


def test_the_guard_holds(networks: dict[str, Path], tmp_path: Path) -> None:
    """What reaches out of the folder, or calls what is neither Tcl nor Vivado, fails in the
    tests.
    """
    for line in (
        "file delete -force [file join $here .. other]",
        "cd /",
        "exec ls",
        "no_such_command",
        "file mkdir relative",
    ):
        folder = prepared(networks, tmp_path, "pynq-z2")
        (folder / "implement.tcl").write_text(
            (folder / "implement.tcl").read_text().replace("    place_design", f"    {line}")
        )
        assert run(folder)[0] == 1
    (folder / "build.tcl").write_text("no_such_command\n")
    with pytest.raises(tkinter.TclError, match="invalid command name"):
        run(folder)
