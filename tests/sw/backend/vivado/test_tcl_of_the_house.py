"""The Tcl of the Vivado flow, run by a real Tcl interpreter against a model of Vivado: every
command, argument and path in it.
"""

from __future__ import annotations

import hashlib
import tkinter
from pathlib import Path

import pytest
from spikeloom.backend.bitstream import bitfile
from spikeloom.backend.vivado import flow as vivado
from spikeloom.interface import manifest as manifests
from spikeloom.interface.handoff import SYSTEMS

from tests.sw.backend.vivado.cores import CATALOGUE
from tests.sw.backend.vivado.fake import handoff
from tests.sw.backend.vivado.interpreter import Interpreter
from tests.sw.backend.vivado.model import Vivado
from tests.sw.backend.vivado.options import Call
from tests.sw.backend.vivado.setup import Setup

BOARDS = ("pynq-z2", "zcu104")


def run(folder: Path, setup: Setup | None = None) -> tuple[int, Vivado]:
    """Exit status of ``build.tcl`` and what Vivado was asked for."""
    manifest = manifests.load(folder)
    model = Vivado(folder, setup or Setup(), handoff(manifest), manifest.stages)
    return Interpreter(folder, model).run(), model


def prepared(networks: dict[str, Path], tmp_path: Path, board: str, ooc: bool = False) -> Path:
    vivado.prepare(networks[board], tmp_path / "vivado", ooc=ooc)
    return tmp_path / "vivado"


def contents(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def of(model: Vivado, name: str) -> list[tuple[dict[str, str], tuple[str, ...]]]:
    return [(call.options, call.rest) for call in model.calls if call.name == name]


@pytest.mark.parametrize("version", ["2022.2", "2025.2"])
@pytest.mark.parametrize("board", BOARDS)
def test_a_whole_run(networks: dict[str, Path], tmp_path: Path, board: str, version: str) -> None:
    folder = prepared(networks, tmp_path, board)
    before = contents(folder)
    status, model = run(folder, Setup(version=version))
    assert status == 0, model.lines
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    reports = {
        f"report/{name}.rpt"
        for name in (
            "utilization",
            "hierarchy",
            "timing_summary",
            "timing_setup",
            "timing_hold",
            "power",
        )
    }
    assert set(after) - set(before) == {"out/toy.bit", "out/toy.hwh", *reports}
    assert {path.name for path in tmp_path.iterdir()} == {"vivado"}
    assert (model.lines[0], model.lines[-1]) == (f"spikeloom: Vivado {version}", "spikeloom: done")
    assert model.project is None and model.projects == ["package", "system"]


@pytest.mark.parametrize("board", BOARDS)
def test_steps_are_counted(networks: dict[str, Path], tmp_path: Path, board: str) -> None:
    for ooc, count in ((False, 10), (True, 3)):
        _, model = run(prepared(networks, tmp_path / str(ooc), board, ooc))
        steps = [
            line.split(" ", 3)[2] for line in model.lines if line.startswith("spikeloom: step ")
        ]
        assert steps == [f"{k}/{count}" for k in range(1, count + 1)]


@pytest.mark.parametrize("board", BOARDS)
def test_the_core_holds_the_verilog_that_was_simulated(
    networks: dict[str, Path], tmp_path: Path, board: str
) -> None:
    """What the packager imports is byte for byte what was emitted, and the network's is what the
    manifest names.
    """
    folder = prepared(networks, tmp_path, board)
    _, model = run(folder)
    manifest = manifests.load(folder)
    digests = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in model.packager.files
    }
    assert digests["top.v"] == manifest.top_sha256
    assert (
        digests["shell.v"]
        == hashlib.sha256((networks[board] / "rtl" / "shell.v").read_bytes()).hexdigest()
    )
    assert set(digests) == {"top.v", "shell.v"} and all(
        folder in path.parents for path in model.packager.files
    )


@pytest.mark.parametrize("infers", [True, False])
@pytest.mark.parametrize("board", BOARDS)
def test_the_core(networks: dict[str, Path], tmp_path: Path, board: str, infers: bool) -> None:
    """The same core whether this Vivado has made address spaces for the buses, or not."""
    folder = prepared(networks, tmp_path, board)
    status, model = run(folder, Setup(infers=infers))
    assert status == 0
    manifest, values = manifests.load(folder), model.packager.values
    assert model.repository == {"shell": "spikeloom:spikeloom:shell:1.0"}
    assert (
        values["block/s_axi_control/reg0", "range"] == "65536"
        and values["block/s_axi_control/reg0", "usage"] == "register"
    )
    assert (
        values["block/s_axi_control/reg0", "width"] == "32"
        and values["core", "display_name"] == "SpikeLoom shell"
    )
    assert values["space/m_axi_memory", "range"] == str(1 << manifest.address_width)
    bus = {
        name.split("/")[-1]: value
        for (name, key), value in values.items()
        if name.startswith("parameter/m_axi_memory")
    }
    assert bus == {
        "MAX_BURST_LENGTH": "16",
        "NUM_READ_OUTSTANDING": "8",
        "NUM_WRITE_OUTSTANDING": "4",
        "SUPPORTS_NARROW_BURST": "0",
    }


PS = {
    "pynq-z2": (
        "processing_system7_0",
        "FCLK_CLK0",
        "M_AXI_GP0",
        "S_AXI_HP0",
        ("M_AXI_GP0_ACLK", "S_AXI_HP0_ACLK"),
    ),
    "zcu104": (
        "zynq_ultra_ps_e_0",
        "pl_clk0",
        "M_AXI_HPM0_FPD",
        "S_AXI_HP0_FPD",
        ("maxihpm0_fpd_aclk", "saxihp0_fpd_aclk"),
    ),
}


@pytest.fixture
def designs(
    networks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Vivado]:
    """Both runs, with their block designs as they were when the bitstream was written."""
    kept = {}
    monkeypatch.setattr(Vivado, "close_project", lambda self, call: setattr(self, "project", None))
    for board in BOARDS:
        status, kept[board] = run(prepared(networks, tmp_path / board, board))
        assert status == 0
    return kept


@pytest.mark.parametrize("board", BOARDS)
def test_the_block_design(designs: dict[str, Vivado], board: str) -> None:
    design = designs[board].bd()
    cell, clock, control, memory, clocked = PS[board]
    system = SYSTEMS["xc7" if board == "pynq-z2" else "xcup"]
    assert set(design.cells) == {cell, "shell_0", "reset_0", "control", "memory"}
    way = {"control/S00_AXI": f"{cell}/{control}", "control/M00_AXI": "shell_0/s_axi_control"}
    way |= {"memory/S00_AXI": "shell_0/m_axi_memory", "memory/M00_AXI": f"{cell}/{memory}"}
    assert {end: design.links[f"/{end}"] for end in way} == {
        end: f"/{other}" for end, other in way.items()
    }
    driven = {pin for pin, driver in design.nets.items() if driver == f"/{cell}/{clock}"}
    sinks = {
        "reset_0/slowest_sync_clk",
        "shell_0/aclk",
        "control/aclk",
        "memory/aclk",
        *(f"{cell}/{pin}" for pin in clocked),
    }
    assert driven == {f"/{pin}" for pin in sinks}
    assert control == system.master
    assert design.assigned[f"/{cell}/Data"] == {
        "/shell_0/s_axi_control/reg0": (system.base, 0x10000)
    }
    (segment,) = design.assigned["/shell_0/m_axi_memory"]
    assert "DDR_LOW" in segment and not any(
        "DDR_LOW" in name for names in design.excluded.values() for name in names
    )


def test_the_processing_system_of_the_pynq_z2(designs: dict[str, Vivado]) -> None:
    """Crystal, DDR and pins of the board: Vivado has no files for it."""
    values = designs["pynq-z2"].bd().cells["processing_system7_0"].values
    for name, value in {
        "PCW_CRYSTAL_PERIPHERAL_FREQMHZ": "50",
        "PCW_APU_PERIPHERAL_FREQMHZ": "650",
        "PCW_UIPARAM_DDR_FREQ_MHZ": "525",
        "PCW_UIPARAM_DDR_BUS_WIDTH": "16 Bit",
        "PCW_UIPARAM_DDR_PARTNO": "MT41J256M16 RE-125",
        "PCW_UART0_UART0_IO": "MIO 14 .. 15",
        "PCW_SD0_GRP_CD_IO": "MIO 47",
        "PCW_S_AXI_HP0_DATA_WIDTH": "64",
        "PCW_FPGA0_PERIPHERAL_FREQMHZ": "100.000000",
    }.items():
        assert values[name] == value
    assert (
        set(designs["pynq-z2"].bd().ports) == {"/DDR", "/FIXED_IO"}
        and not designs["pynq-z2"].preset
    )
    assert not any("no board files" in line for line in designs["pynq-z2"].lines)


@pytest.mark.parametrize("board", BOARDS)
def test_from_synthesis_to_bitstream(designs: dict[str, Vivado], board: str) -> None:
    names = [
        call.name
        for call in designs[board].calls
        if call.name.endswith("_design") and "_bd_" not in call.name or "bitstream" in call.name
    ]
    steps = [
        "synth_design",
        "opt_design",
        "place_design",
        "phys_opt_design",
        "route_design",
        "write_bitstream",
    ]
    assert [name for name in names if name != "current_design"] == steps


def test_the_processing_system_of_the_zcu104(designs: dict[str, Vivado]) -> None:
    """The newest board files, their preset before our own parameters, the newest core."""
    model = designs["zcu104"]
    names = [call.name for call in model.calls]
    preset = names.index("apply_bd_automation")
    own = next(
        k
        for k, call in enumerate(model.calls)
        if "CONFIG.PSU__USE__M_AXI_GP0" in call.options.get("-dict", "")
    )
    assert model.preset and preset < own
    boards = [rest[1] for _, rest in of(model, "set_property") if rest[0] == "board_part"]
    assert boards == ["xilinx.com:zcu104:part0:1.1"]
    made = [options["-vlnv"] for options, _ in of(model, "create_bd_cell")]
    assert "xilinx.com:ip:zynq_ultra_ps_e:3.10" in made
    assert model.bd().cells["zynq_ultra_ps_e_0"].values["PSU__SAXIGP2__DATA_WIDTH"] == "128"


def test_zcu104_without_board_files(networks: dict[str, Path], tmp_path: Path) -> None:
    status, model = run(prepared(networks, tmp_path, "zcu104"), Setup(boards=()))
    assert status == 0 and not model.preset and not of(model, "apply_bd_automation")
    assert any("no board files for xilinx.com:zcu104:part0:*" in line for line in model.lines)


@pytest.mark.parametrize("board", BOARDS)
def test_the_bitstream_carries_the_identity(
    networks: dict[str, Path], tmp_path: Path, board: str
) -> None:
    folder = prepared(networks, tmp_path, board)
    _, model = run(folder)
    identity = manifests.load(folder).identity
    assert bitfile.read(folder / "out" / "toy.bit").user_id == int(identity[:8], 16)
    word = f"0x{identity[:8].upper()}"
    properties = {"USERID": word, "USR_ACCESS": word}
    assert {name.split(".")[-1]: value for name, value in model.design_properties.items()} == {
        **properties,
        "COMPRESS": "FALSE",
    }


@pytest.mark.parametrize("board", BOARDS)
def test_out_of_context(networks: dict[str, Path], tmp_path: Path, board: str) -> None:
    folder = prepared(networks, tmp_path, board, ooc=True)
    status, model = run(folder)
    assert status == 0 and not (folder / "out").exists() and not (folder / "work").exists()
    ((options, _),) = of(model, "synth_design")
    assert options["-mode"] == "out_of_context" and options["-top"] == "shell"
    assert {path.stem for path in (folder / "report").iterdir()} == {
        "utilization",
        "hierarchy",
        "timing_summary",
        "timing_setup",
        "timing_hold",
    }
    period = 1000 / (100 if board == "pynq-z2" else 249.9975)
    assert (
        folder / "clock.xdc"
    ).read_text() == f"create_clock -name aclk -period {period:.6f} [get_ports aclk]\n"


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
