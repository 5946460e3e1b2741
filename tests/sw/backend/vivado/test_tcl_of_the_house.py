"""The Tcl of the Vivado flow, run by a real Tcl interpreter against a model of Vivado: every
command, argument and path in it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from spikeloom.backend.bitstream import bitfile
from spikeloom.interface import manifest as manifests
from spikeloom.interface.handoff import SYSTEMS

from tests.sw.backend.vivado.model import Vivado
from tests.sw.backend.vivado.running import BOARDS, contents, of, prepared, run
from tests.sw.backend.vivado.setup import Setup


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
