"""The open flow: its folder, Yosys itself; with programs in the place of nextpnr and what follows
it, the whole way and its failures.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from spikeloom import compile
from spikeloom.backend import tools
from spikeloom.backend.bitstream import bitfile, build, publish
from spikeloom.backend.bitstream.clocks import TimingError
from spikeloom.backend.nextpnr import flow as openflow
from spikeloom.backend.nextpnr import installed as opentools
from spikeloom.backend.nextpnr import report as openreport
from spikeloom.backend.nextpnr import steps as opensteps
from spikeloom.backend.yosys import yosys
from spikeloom.cli import main
from spikeloom.errors import CapacityError, SpikeLoomError
from spikeloom.files import save_text
from spikeloom.frontend.onnx.write import write_model
from spikeloom.interface import manifest as manifests
from spikeloom.interface.boards import find_board
from spikeloom.interface.handoff import hwh_text
from spikeloom_hw.emit import ps7_text

from tests.sw.backend import programs
from tests.sw.backend.bitstream.test_build import synthesis
from tests.sw.backend.conftest import emit
from tests.sw.backend.vivado.test_tcl_of_the_house import contents
from tests.sw.test_accelerator import network as small

NAMES = ("nextpnr-xilinx", "fasm2frames", "xc7frames2bit")


def emitted(folder: Path, clock_mhz: float = 50.0) -> Path:
    manifest = emit(folder, "pynq-z2", clock_mhz)
    save_text(folder / "rtl" / "ps7_top.v", ps7_text(manifest))
    return folder


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emitted(tmp_path_factory.mktemp("net") / "toy")


@pytest.fixture(scope="module")
def synthesised(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Yosys has really run."""
    target = tmp_path_factory.mktemp("yosys") / "open"
    openflow.prepare(network, target)
    openflow.synthesise_here(target)
    return target


Describe = Callable[..., None]


@pytest.fixture
def installed(synthesised: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Describe:
    """Tools on PATH, databases, and a Yosys that hands out what the real one made; the function
    says what they are like.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    programs.install(folder, *NAMES)
    copies = [str(synthesised / name) for name in (opensteps.NETLIST, opensteps.CELLS, "yosys.log")]
    copier = f"import shutil; [shutil.copy(name, '.') for name in {copies!r}]"
    monkeypatch.setattr(yosys, "RUN", copier)
    (folder / "yosys").write_text(
        f"#!{sys.executable}\nimport sys\nassert sys.argv[1:] == ['-q', '-l', 'yosys.log',"
        f" 'synth.ys']\n{copier}\n"
    )
    (folder / "yosys").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(tools, "LOOK", 0.02)
    for name, value in programs.databases(tmp_path / "databases").items():
        monkeypatch.setenv(name, value)

    def describe(*more: str, without: str = "", **likes: object) -> None:
        programs.install(folder, *more)
        if without:
            (folder / without).unlink()
        monkeypatch.setenv(programs.VARIABLE, json.dumps(likes))

    return describe


@pytest.fixture
def target(network: Path, tmp_path: Path) -> Path:
    openflow.prepare(network, tmp_path / "open")
    return tmp_path / "open"


def looks_good(folder: Path) -> bool:
    return any(folder.rglob("*.bit")) or any(folder.rglob("*.hwh"))


def test_the_folder_is_complete_and_always_the_same(
    network: Path, target: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again" / "open"
    openflow.prepare(network, again)
    assert contents(again) == contents(target)
    assert {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()} == {
        *(f"rtl/{name}" for name in ("top.v", "shell.v", "ps7_top.v")),
        *("manifest.json", "synth.ys", "ps7_top.xdc", "run.sh", "README.md"),
    }
    for name in opensteps.VERILOG:
        assert (target / "rtl" / name).read_bytes() == (network / "rtl" / name).read_bytes()
    for path in target.rglob("*"):
        assert path.is_dir() or str(tmp_path).encode() not in path.read_bytes()


def test_another_network_takes_the_place_of_the_one_before(
    network: Path, target: Path, tmp_path: Path
) -> None:
    (target / "ps7_top.bit").write_bytes(b"old")
    openflow.prepare(network, target)
    assert looks_good(target), "the same network: results of a run on another machine stay"
    openflow.prepare(emitted(tmp_path / "other", 40.0), target)
    assert not looks_good(target) and "--freq 40 " in (target / "run.sh").read_text(
        encoding="utf-8"
    )


def netlist(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / opensteps.NETLIST).read_text(encoding="utf-8"))[
        "modules"
    ][opensteps.TOP]
    return found


def test_yosys_leaves_what_open_place_and_route_knows(synthesised: Path) -> None:
    top = netlist(synthesised)
    kinds = [cell["type"] for cell in top["cells"].values()]
    assert kinds.count("PS7") == 1 and kinds.count("BUFG") == 1 and not top["ports"]
    allowed = (
        "BUFG",
        "CARRY4",
        "FDCE",
        "FDPE",
        "FDRE",
        "FDSE",
        "GND",
        "INV",
        "MUXF7",
        "MUXF8",
        "PS7",
        "RAMB18E1",
        "RAMB36E1",
        "VCC",
    )
    assert {kind for kind in kinds if not kind.startswith("LUT")} <= set(allowed)
    assert {kind for kind in kinds if kind.startswith("LUT")} <= {f"LUT{k}" for k in range(1, 7)}


def test_one_clock_and_it_is_the_buffered_one(synthesised: Path) -> None:
    cells = netlist(synthesised)["cells"]
    (buffer,) = (cell for cell in cells.values() if cell["type"] == "BUFG")
    (system,) = (cell for cell in cells.values() if cell["type"] == "PS7")
    assert buffer["connections"]["I"] == system["connections"]["FCLKCLK"][:1]
    clock = buffer["connections"]["O"]
    assert (
        system["connections"]["MAXIGP0ACLK"] == clock
        and system["connections"]["SAXIHP0ACLK"] == clock
    )
    pins = [
        cell["connections"][pin]
        for cell in cells.values()
        for pin in ("C", "CLKARDCLK", "CLKBWRCLK")
        if pin in cell["connections"]
    ]
    assert len(pins) > 100 and all(pin == clock or pin in (["0"], ["1"], ["x"]) for pin in pins)


def test_no_path_leads_through_between_two_pins_of_the_ps7(synthesised: Path) -> None:
    """What nextpnr has no delays for ends in a flip-flop: each output of the PS7 that is data, each
    input that is not a constant.
    """
    cells = netlist(synthesised)["cells"]
    (system,) = (cell for cell in cells.values() if cell["type"] == "PS7")
    registers = {
        bit
        for cell in cells.values()
        if cell["type"].startswith(("FD", "RAMB"))
        for bit in outputs(cell)
    }
    buffers = {
        bit for cell in cells.values() if cell["type"] == "BUFG" for bit in cell["connections"]["O"]
    }
    found = 0
    for pin, bits in system["connections"].items():
        if system["port_directions"][pin] != "input":
            continue
        for bit in bits:
            assert bit in ("0", "1", "x") or bit in registers or bit in buffers, pin
            found += bit in registers
    assert found > 200


def outputs(cell: dict[str, Any]) -> list[Any]:
    return [
        bit
        for pin, bits in cell["connections"].items()
        if cell["port_directions"][pin] == "output"
        for bit in bits
    ]


def test_the_whole_way(installed: Describe, target: Path, network: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    made = openflow.build(target, lambda what, done, total: steps.append((what, done, total)))
    manifest = manifests.load(network)
    assert [what for what, _, _ in steps] == [
        "synthesis",
        "version of nextpnr",
        "place and route",
        "frames",
        "bitstream",
    ]
    assert {total for _, _, total in steps} == {5} and [done for _, done, _ in steps] == list(
        range(5)
    )
    found = bitfile.read(made.bit)
    assert (
        found.user_id == bitfile.identity_word(manifest.identity) and len(found.data) == 4_045_564
    )
    assert found.design.startswith("ps7_top.frames;UserID=0X") and made.hwh.read_text(
        encoding="utf-8"
    ) == hwh_text(manifest)
    assert re.fullmatch(r"Yosys 0\.\d+\S*, nextpnr-xilinx 0\.8-tests", made.tool)
    assert made.report["fmax_mhz"] == 81.25 and "nextpnr estimate" in made.report["fmax_source"]
    assert (
        made.report["utilisation"]["SLICE_LUTX"] == {"used": 4321, "available": 106400}
        and made.report["synthesis"]["dsp"] == 0
    )
    assert 0 < made.report["share"]["lut"] < 0.2 and "met" not in json.dumps(made.report)
    publish.check(made, network, manifest)


def test_the_command(
    installed: Describe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without the tools a complete folder and status 3; with them a published bitstream, for the
    clock that the flow begins with.
    """
    monkeypatch.setattr(publish, "bitstreams", lambda: tmp_path / "house")
    monkeypatch.setattr(build, "resources", synthesis(lut=1))
    net = tmp_path / "small"
    net.mkdir()
    write_model(small(), net / "model.onnx")
    compile(net / "model.onnx", folder=net).emit()
    assert main.run(["bitstream", str(net), "--flow", "open"]) == 0
    (published,) = (tmp_path / "house").iterdir()
    manifest = publish.verify(published)
    assert published.name == "small-pynq-z2" and manifest.clock_mhz == openflow.CLOCK_MHZ
    assert (
        net / "report" / "post_route.json"
    ).is_file() and "nextpnr estimate" in capsys.readouterr().out
    installed(fmax=20.0)
    assert main.run(["bitstream", str(net), "--flow", "open", "--clock-mhz", "60"]) == 2
    assert "60 MHz: nextpnr estimates 20.0 MHz" in capsys.readouterr().err
    installed(without="fasm2frames")
    assert main.run(["bitstream", str(net), "--flow", "open"]) == 3
    assert "fasm2frames: not on PATH, so nothing was built" in capsys.readouterr().err
    assert (net / "at-50-MHz" / "open" / "run.sh").is_file() and publish.verify(
        published
    ) == manifest


def test_the_other_nextpnr_comes_first_where_it_is_there(installed: Describe, target: Path) -> None:
    installed("nextpnr-himbaechel", fmax=66.5)
    made = openflow.build(target)
    assert "nextpnr-himbaechel 0.8-tests" in made.tool and made.report["fmax_mhz"] == 66.5
    assert made.report["utilisation"] == {"SLICE_LUTX": {"used": 4321, "available": 106400}}


@pytest.mark.parametrize("more", [(), ("nextpnr-himbaechel",)])
def test_run_sh_makes_the_same(
    installed: Describe, target: Path, tmp_path: Path, more: tuple[str, ...]
) -> None:
    """The folder goes to another machine, is run there, and comes back."""
    installed(*more)
    away = tmp_path / "a folder with spaces" / "open"
    shutil.copytree(target, away)
    done = subprocess.run(
        ["sh", str(away / "run.sh")], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    here, there = openflow.build(target), openflow.collect(away)
    assert there.report == here.report and there.tool == here.tool
    assert there.bit.read_bytes() == here.bit.read_bytes()


def test_run_sh_names_the_log_of_what_failed(installed: Describe, target: Path) -> None:
    installed(**{"break": "fasm2frames"})
    done = subprocess.run(
        ["sh", "run.sh"], cwd=target, capture_output=True, text=True, check=False, timeout=60
    )
    assert (
        done.returncode == 1
        and done.stderr == "frames failed; its log: frames.log\n"
        and not looks_good(target)
    )


@pytest.mark.parametrize("name", ["CHIPDB", "PRJXRAY_DB_DIR"])
def test_run_sh_without_a_database(
    installed: Describe, target: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    done = subprocess.run(
        ["sh", "run.sh"], cwd=target, capture_output=True, text=True, check=False, timeout=60
    )
    assert (
        done.returncode != 0
        and f"{name}: set it to" in done.stderr
        and not (target / opensteps.NETLIST).exists()
    )


def test_run_sh_takes_paths_from_where_it_was_called(
    installed: Describe, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIPDB", "databases/chipdb/xc7z020clg400.bin")
    monkeypatch.setenv("PRJXRAY_DB_DIR", "databases/prjxray-db")
    done = subprocess.run(
        ["sh", "open/run.sh"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert openflow.collect(target).bit.is_file()


@pytest.mark.parametrize("name", NAMES)
def test_a_tool_that_dies(installed: Describe, target: Path, name: str) -> None:
    openflow.build(target)
    installed(**{"break": name})
    with pytest.raises(
        tools.ToolError,
        match=rf"{name} (ended with status|was killed by signal).*its log: .*\.log$",
    ):
        openflow.build(target)
    assert not looks_good(target)
    with pytest.raises(SpikeLoomError, match="run 'sh run.sh' there"):
        openflow.collect(target)


def test_a_tool_that_leaves_nothing(installed: Describe, target: Path) -> None:
    installed(silent="nextpnr-xilinx")
    with pytest.raises(
        tools.ToolError,
        match=r"nextpnr-xilinx ended well, but left no ps7_top\.fasm; its log: .*nextpnr\.log",
    ):
        openflow.build(target)
    assert not looks_good(target)


def test_yosys_that_fails(
    installed: Describe, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yosys, "RUN", "import sys; sys.exit('ERROR: selection is not empty')")
    with pytest.raises(
        tools.ToolError,
        match=(
            r"synthesis: .*ended with status 1 \(ERROR: selection is not empty\); its log:"
            r" .*synthesis\.log"
        ),
    ):
        openflow.build(target)


@pytest.mark.parametrize("fmax", [49.9, 30.0])
def test_a_clock_that_is_not_reached(installed: Describe, target: Path, fmax: float) -> None:
    installed(fmax=fmax)
    with pytest.raises(
        TimingError, match=rf"50 MHz: nextpnr estimates {fmax:.1f} MHz; its log: .*nextpnr\.log"
    ) as error:
        openflow.build(target)
    assert error.value.passing_mhz is not None and 0.95 * fmax < error.value.passing_mhz <= fmax
    assert not looks_good(target)


@pytest.mark.parametrize("fmax", [0, -5, 1e14, float("nan"), float("inf")])
@pytest.mark.parametrize("more", [(), ("nextpnr-himbaechel",)])
def test_a_clock_that_cannot_be(
    installed: Describe, target: Path, fmax: float, more: tuple[str, ...]
) -> None:
    installed(*more, fmax=fmax)
    with pytest.raises(
        SpikeLoomError,
        match=(
            rf"nextpnr\.{'json' if more else 'log'}: expected 1 to 2000 MHz for clock 'clk', found "
        ),
    ):
        openflow.build(target)
    assert not looks_good(target) and not (target / opensteps.SUMS).exists()


def test_a_bitstream_that_is_too_short(installed: Describe, target: Path) -> None:
    installed(short=404)
    with pytest.raises(
        SpikeLoomError, match="expected 4045564 bytes of data for xc7z020, found 4045160"
    ):
        openflow.build(target)
    assert not looks_good(target)


def test_a_design_that_does_not_fit(
    installed: Describe, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openreport, "cells", lambda folder: {"LUT6": 60_000})
    with pytest.raises(
        CapacityError, match="pynq-z2: expected 53200 lut or fewer, the design takes 60000"
    ):
        openflow.build(target)
    assert not (target / opensteps.FASM).exists()


def test_missing_tools_and_databases(
    installed: Describe, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opentools.absent() == []
    chip = tmp_path / "databases" / "chipdb"
    (chip / "xc7z020clg400.bin").rename(chip / "xc7a35t.bin")
    with pytest.raises(
        SpikeLoomError, match=r"chipdb: expected one of xc7z020clg400-1\.bin, .*found none"
    ):
        openflow.build(target)
    monkeypatch.setenv("CHIPDB", str(tmp_path / "nothing"))
    with pytest.raises(
        SpikeLoomError,
        match=(
            r"CHIPDB: expected the chip database of nextpnr for xc7z020clg400-1, .*found"
            r" '.*nothing'"
        ),
    ):
        openflow.build(target)
    monkeypatch.setenv("CHIPDB", str(chip / "xc7a35t.bin"))
    shutil.rmtree(tmp_path / "databases" / "prjxray-db" / "zynq7")
    with pytest.raises(
        SpikeLoomError, match=r"part\.yaml: expected the part in the Project X-Ray database"
    ):
        openflow.build(target)
    monkeypatch.delenv("PRJXRAY_DB_DIR")
    with pytest.raises(
        SpikeLoomError,
        match="PRJXRAY_DB_DIR: expected the folder of the Project X-Ray database, it is not set",
    ):
        openflow.build(target)
    installed(without="nextpnr-xilinx")
    assert opentools.absent() == ["nextpnr-himbaechel or nextpnr-xilinx"]
    with pytest.raises(
        tools.ToolError, match="nextpnr-himbaechel or nextpnr-xilinx is not on PATH"
    ):
        openflow.build(target)
    installed(without="fasm2frames")
    assert opentools.absent() == ["nextpnr-himbaechel or nextpnr-xilinx", "fasm2frames"]


def test_what_cannot_be_prepared(network: Path, networks: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(
        SpikeLoomError, match="makes bitstreams for xc7z020clg400-1, not for xczu7ev-ffvc1156-2-e"
    ):
        openflow.prepare(networks["zcu104"], tmp_path / "open")
    copy = Path(shutil.copytree(network, tmp_path / "toy"))
    (copy / "rtl" / "ps7_top.v").unlink()
    with pytest.raises(
        SpikeLoomError,
        match=r"ps7_top\.v: expected the Verilog of 'spikeloom emit', found no such file",
    ):
        openflow.prepare(copy, tmp_path / "open")
    (copy / "rtl" / "top.v").write_text("", encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="run 'spikeloom emit' again"):
        openflow.prepare(copy, tmp_path / "open")
    assert not (tmp_path / "open").exists()


def test_reports_that_say_nothing(tmp_path: Path) -> None:
    with pytest.raises(SpikeLoomError, match="expected the frequency of a clock, found none"):
        openreport.of_log("Info: Program finished normally.", "nextpnr.log")
    (tmp_path / "nextpnr.log").write_text("", encoding="utf-8")
    (tmp_path / opensteps.REPORT).write_text("{}", encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="expected the report of nextpnr"):
        openreport.placed(tmp_path)
    (tmp_path / opensteps.CELLS).write_text('{"design": 1}', encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="expected Yosys' count of cells"):
        openreport.cells(tmp_path)


def test_the_slowest_of_all_clocks_counts_after_routing() -> None:
    lines = (
        "'a': 90.00 MHz (PASS",
        "'b': 10.00 MHz (FAIL",
        "              'a': 80.00 MHz (PASS",
        "              'b': 70.50 MHz (PASS",
    )
    text = "".join(f"Info: Max frequency for clock {line} at 50.00 MHz)\n" for line in lines)
    assert openreport.of_log(text, "log").fmax_mhz == 70.5


def test_resources_are_in_the_units_of_a_board() -> None:
    found = openreport.resources(
        {"LUT6": 3, "LUT2": 1, "FDRE": 5, "RAMB18E1": 3, "RAMB36E1": 1, "CARRY4": 9, "PS7": 1}
    )
    assert found == {"lut": 4, "ff": 5, "bram36": 2.5, "dsp": 0}
    openreport.check_fit(found, find_board("pynq-z2"))
