"""The Vivado flow from folder to figures, with a program on PATH that runs the Tcl against the
model.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
from spikeloom.backend import tools
from spikeloom.backend.bitstream import bitfile
from spikeloom.backend.bitstream.clocks import TimingError
from spikeloom.backend.tools import ToolError
from spikeloom.backend.vivado import flow as vivado
from spikeloom.backend.vivado import folder as vivado_folder
from spikeloom.backend.vivado.tcl import settings
from spikeloom.errors import SpikeLoomError
from spikeloom.interface import manifest as manifests

from tests.sw.backend.conftest import emit
from tests.sw.backend.vivado import fake
from tests.sw.backend.vivado.setup import Setup
from tests.sw.backend.vivado.test_tcl_of_the_house import contents

BOARDS = ("pynq-z2", "zcu104")

Describe = Callable[..., None]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bin")
    fake.install(folder)
    return folder


@pytest.fixture
def installed(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Describe:
    """Puts the program on PATH; the function it gives says what it is like."""
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(tools, "LOOK", 0.02)

    def describe(kill: str = "", **setup: object) -> None:
        monkeypatch.setenv(fake.VARIABLE, fake.described(replace(Setup(), **setup), kill))

    describe()
    return describe


@pytest.fixture
def folder(networks: dict[str, Path], tmp_path: Path) -> Path:
    vivado.prepare(networks["pynq-z2"], tmp_path / "vivado")
    return tmp_path / "vivado"


def looks_good(folder: Path) -> bool:
    return (folder / "out").exists() or (folder / "work").exists() or (folder / ".Xil").exists()


@pytest.mark.parametrize(("board", "version"), [("pynq-z2", "2022.2"), ("zcu104", "2025.2")])
def test_build(
    networks: dict[str, Path], tmp_path: Path, installed: Describe, board: str, version: str
) -> None:
    installed(version=version)
    target, seen = tmp_path / "vivado", []
    vivado.prepare(networks[board], target)
    built = vivado.build(target, lambda *step: seen.append(step))
    assert (built.bit, built.hwh, built.tool) == (
        target / "out" / "toy.bit",
        target / "out" / "toy.hwh",
        f"Vivado v.{version}",
    )
    assert [done for _, done, _ in seen] == list(range(10)) and seen[4] == (
        "Vivado: optimise",
        4,
        10,
    )
    report = built.report
    assert report["source"] == f"Vivado v.{version}, placed and routed" and report["timing"]["met"]
    used = {
        "LUT": 12345,
        "LUTRAM": 300,
        "FF": 9876,
        "DSP": 4,
        "BRAM": 30.5,
        "BRAM_36K": 20,
        "BRAM_18K": 21,
    }
    assert report["utilization"] == {
        **used,
        **({"URAM": 2, "Carry": 210} if board == "zcu104" else {"URAM": 0, "Carry": 411}),
    }
    layers = {
        name: figures["LUT"]
        for name, figures in report["components"].items()
        if name.startswith("layer")
    }
    assert layers == {"layer conv1": 200, "layer conv1.skip": 200, "layer fc": 200}
    around = {
        name: report["components"][name]["LUT"]
        for name in ("shell, reader", "interconnect, memory", "reset", "processing system")
    }
    assert around == {
        "shell, reader": 400,
        "interconnect, memory": 600,
        "reset": 20,
        "processing system": 0,
    }
    assert report["worst_path"]["from"] == report["worst_path"]["to"] == "layer conv1"
    assert report["power"]["total_w"] == 1.653 and "nothing measured" in report["power"]["source"]
    assert not (target / "work").exists() and not (target / ".Xil").exists()
    assert report["fmax_mhz"] == pytest.approx(
        1000 / (report["timing"]["period_ns"] - 0.338), abs=1e-3
    )
    assert vivado.collect(target) == built


@pytest.mark.parametrize("board", BOARDS)
def test_out_of_context(
    networks: dict[str, Path], tmp_path: Path, installed: Describe, board: str
) -> None:
    """FINN's names, whatever timing says: nothing has been placed."""
    installed(slack="-1.250")
    vivado.prepare(networks[board], tmp_path / "vivado", ooc=True)
    found = vivado.synthesise(tmp_path / "vivado")
    assert {
        "LUT",
        "LUTRAM",
        "FF",
        "DSP",
        "BRAM",
        "BRAM_18K",
        "BRAM_36K",
        "URAM",
        "Carry",
        "WNS",
        "Delay",
        "fmax_mhz",
    } <= set(found)
    period = 10.0 if board == "pynq-z2" else 4.0
    assert found["WNS"] == -1.25 and found["fmax_mhz"] == pytest.approx(
        1000 / (period + 1.25), abs=1e-3
    )
    assert (
        found["components"]["layer fc"]["LUT"] == 200
        and found["worst_path"]["from"] == "layer conv1"
    )
    assert "out of context" in found["source"] and not (tmp_path / "vivado" / "out").exists()


@pytest.mark.parametrize(
    ("setup", "where", "passing"),
    [
        ({"slack": "-0.512"}, "setup slack -0.512 ns in layer conv1 (", 90.90909),
        (
            {"slack": "-0.512", "component": "core/reader/fifo"},
            "setup slack -0.512 ns in shell, reader (",
            90.90909,
        ),
        (
            {"slack": "-12.000", "component": "core/engine/top/\\conv1.skip_body "},
            "in layer conv1.skip (",
            45.454545,
        ),
        ({"hold": "-0.034"}, "hold slack -0.034 ns in layer conv1 (", None),
        ({"pulse": "-0.155"}, "pulse width slack -0.155 ns in layer conv1 (", None),
        ({"pulse": "0.000"}, "pulse width slack 0 ns in layer conv1 (", None),
    ],
)
def test_timing_not_met(
    folder: Path, installed: Describe, setup: dict[str, str], where: str, passing: float | None
) -> None:
    installed(**setup)
    with pytest.raises(TimingError, match=re.escape(where)) as caught:
        vivado.build(folder)
    assert caught.value.passing_mhz == passing and not looks_good(folder)
    how = (
        "plan a slower clock (--clock-mhz)" if "pulse" in setup else "a slower clock does not help"
    )
    assert (how if passing is None else f"--clock-mhz {passing:g}") in str(caught.value)
    assert str(folder / "vivado.log") in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(TimingError):
        vivado.collect(folder)


@pytest.mark.parametrize("kill", ["create_bd_design", "route_design", "write_bitstream"])
def test_a_tool_that_dies(folder: Path, installed: Describe, kill: str) -> None:
    installed(kill=kill)
    with pytest.raises(
        ToolError,
        match=rf"vivado was killed by signal 9.*its log: {re.escape(str(folder / 'vivado.log'))}",
    ):
        vivado.build(folder)
    assert not looks_good(folder)


@pytest.mark.parametrize(
    ("command", "message", "hint"),
    [
        (
            "synth_design",
            "[Common 17-345] A valid license was not found for feature 'Synthesis'",
            "Vivado has no licence for this part",
        ),
        ("write_bitstream", "couldn't write: No space left on device", "the disk is full"),
        (
            "place_design",
            "[DRC UTLZ-1] Resource utilization: LUT as Logic over-utilized",
            "the network does not fit on the board",
        ),
        ("route_design", "std::bad_alloc", "Vivado ran out of memory"),
        (
            "opt_design",
            "[Opt 31-1] something else",
            (
                "Vivado: vivado ended with status 1 (ERROR: spikeloom: ERROR: [Opt 31-1] something"
                " else)"
            ),
        ),
    ],
)
def test_why_it_gave_up(
    folder: Path, installed: Describe, command: str, message: str, hint: str
) -> None:
    installed(fail=command, message=message)
    with pytest.raises(ToolError) as caught:
        vivado.build(folder)
    assert (
        str(caught.value).startswith(hint)
        and str(folder / "vivado.log") in str(caught.value)
        and not looks_good(folder)
    )


def test_a_part_that_is_not_installed(folder: Path, installed: Describe) -> None:
    installed(parts=["xczu7ev-ffvc1156-2-e"])
    with pytest.raises(ToolError, match="the part is not installed in this Vivado"):
        vivado.build(folder)


def test_a_bitstream_of_another_manifest(folder: Path, installed: Describe) -> None:
    installed(user_id="0x12345678")
    with pytest.raises(SpikeLoomError, match="found UserID 12345678"):
        vivado.build(folder)
    assert not looks_good(folder)


def test_no_vivado(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    with pytest.raises(ToolError, match="vivado is not on PATH"):
        vivado.build(folder)


def test_an_old_result_does_not_survive_a_failure(folder: Path, installed: Describe) -> None:
    vivado.build(folder)
    installed(kill="synth_design")
    with pytest.raises(ToolError):
        vivado.build(folder)
    assert not looks_good(folder) and not (folder / "report").exists()


def test_the_line_that_starts_it(folder: Path, tmp_path: Path, installed: Describe) -> None:
    """On another machine: one line, from anywhere; what it leaves is read from a copy."""
    moved = tmp_path / "a b" / "moved"
    shutil.copytree(folder, moved)
    script = (moved / "run.sh").read_text().splitlines()
    assert (
        len(script) == 2
        and script[0] == "#!/bin/sh"
        and (moved / "run.sh").stat().st_mode & stat.S_IXUSR
    )
    done = subprocess.run(
        ["sh", str(moved / "run.sh")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shutil.copytree(moved, tmp_path / "back")
    assert vivado.collect(tmp_path / "back").bit == tmp_path / "back" / "out" / "toy.bit"


# The folder.


@pytest.mark.parametrize("board", BOARDS)
def test_the_folder_is_whole_and_the_same_every_time(
    networks: dict[str, Path], tmp_path: Path, board: str
) -> None:
    for name in ("one", "two"):
        vivado.prepare(networks[board], tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    names = {
        "build.tcl",
        "checks.tcl",
        "package.tcl",
        "system.tcl",
        "implement.tcl",
        "context.tcl",
        "settings.tcl",
    }
    assert set(contents(tmp_path / "one")) == {
        *names,
        "rtl/top.v",
        "rtl/shell.v",
        "manifest.json",
        "run.sh",
        "README.md",
    }
    for path in (tmp_path / "one").rglob("*"):
        assert path.is_dir() or str(tmp_path) not in path.read_text()
    vivado.prepare(networks[board], tmp_path / "one", ooc=True)
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"} and (
        tmp_path / "one" / "clock.xdc"
    ).is_file()


def test_writing_the_same_folder_again_keeps_a_result(
    ready: Path, networks: dict[str, Path]
) -> None:
    """It may have come from another machine."""
    before = contents(ready)
    vivado.prepare(networks["pynq-z2"], ready)
    assert contents(ready) == before and {path.name for path in ready.parent.iterdir()} == {
        "vivado"
    }
    vivado.prepare(networks["zcu104"], ready)
    assert not (ready / "out").exists() and not (ready / "report").exists()


def test_a_folder_of_someone_else_stays(networks: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("mine", "file"):
        with pytest.raises(SpikeLoomError, match="an earlier run has written"):
            vivado.prepare(networks["pynq-z2"], tmp_path / name)
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "mine"


def test_a_full_disk_leaves_the_old_folder(
    folder: Path, networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(folder)

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vivado_folder.shutil, "copyfile", full)
    with pytest.raises(SpikeLoomError, match=r"cannot be written \(No space left on device\)"):
        vivado.prepare(networks["pynq-z2"], folder, ooc=True)
    assert contents(folder) == before and {path.name for path in folder.parent.iterdir()} == {
        "vivado"
    }


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("rtl/top.v", "endmodule", "endmodule // other", "expected the Verilog of manifest.json"),
        (
            "manifest.json",
            '"limit_cycles": 1000',
            '"limit_cycles": 1001',
            "expected the identity of manifest.json in it",
        ),
        ("manifest.json", '"board": "pynq-z2"', '"board": "other"', "board 'other' is unknown"),
        ("manifest.json", '"clock_mhz": 100.0', '"clock_mhz": 0.01', "expected 0.252 or more"),
    ],
)
def test_files_that_do_not_belong_together(
    networks: dict[str, Path], tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    shutil.copytree(networks["pynq-z2"], tmp_path / "net")
    path = tmp_path / "net" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    if old.startswith('"board') or old.startswith('"clock'):
        shell = tmp_path / "net" / "rtl" / "shell.v"
        identity = manifests.load(tmp_path / "net").identity
        shell.write_text(
            shell.read_text() + "".join(f"// 32'h{identity[k : k + 8]}\n" for k in range(0, 64, 8))
        )
    with pytest.raises(SpikeLoomError, match=message):
        vivado.prepare(tmp_path / "net", tmp_path / "vivado")
    assert not (tmp_path / "vivado").exists()


def test_not_emitted(tmp_path: Path) -> None:
    with pytest.raises(SpikeLoomError, match="run 'spikeloom emit' first"):
        vivado.prepare(tmp_path / "net", tmp_path / "vivado")


@pytest.mark.parametrize("name", ["[exit 3]", "a b", "$x}{", "größer", "-force", "x" * 200])
def test_names_are_no_commands(networks: dict[str, Path], name: str) -> None:
    """A network may be called anything: Vivado's files then have a name of their own."""
    manifest = replace(manifests.load(networks["pynq-z2"]), name=name)
    assert vivado_folder.file_name(manifest) == "shell" and name not in settings(
        vivado_folder.values(manifest, False)
    )
    assert vivado_folder.file_name(replace(manifest, name="digits-cnn.2")) == "digits-cnn.2"


def test_clock_of_the_fabric(tmp_path: Path, installed: Describe) -> None:
    """The processing system is asked for the clock that it can make, so that it takes the dividers
    of the handoff file.
    """
    emit(tmp_path / "net", "pynq-z2", 150.0)
    vivado.prepare(tmp_path / "net", tmp_path / "vivado")
    assert (
        '"PCW_FPGA0_PERIPHERAL_FREQMHZ" "142.857143"'
        in (tmp_path / "vivado" / "settings.tcl").read_text()
    )
    assert vivado.build(tmp_path / "vivado").report["clock_mhz"] == 142.857143


# What came back from another machine.


@pytest.fixture(scope="module")
def built(
    networks: dict[str, Path], programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder in which Vivado has run. Nobody writes into it."""
    folder = tmp_path_factory.mktemp("built") / "vivado"
    vivado.prepare(networks["pynq-z2"], folder)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["sh", str(folder / "run.sh")],
        env={**os.environ, "PATH": path},
        capture_output=True,
        timeout=60,
        check=True,
    )
    return folder


@pytest.fixture
def ready(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "vivado"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "out/toy.hwh",
            "0x40000000",
            "0x43C00000",
            (
                "address of the shell: expected M_AXI_GP0 0x40000000 to 0x4000ffff, found M_AXI_GP0"
                " 0x43c00000"
            ),
        ),
        (
            "out/toy.hwh",
            'VLNV="spikeloom:spikeloom:shell:1.0"',
            'VLNV="xilinx.com:module_ref:shell:1.0"',
            "VLNV of the shell",
        ),
        (
            "out/toy.hwh",
            'VLNV="spikeloom:spikeloom:shell:1.0"',
            'VLNV="a:b:c:1.0"',
            "shells: expected 1, found 0",
        ),
        (
            "out/toy.hwh",
            'INSTANCE="shell_0" IS_DATA',
            'INSTANCE="shell_1" IS_DATA',
            "address ranges of the shell: expected 1, found 0",
        ),
        (
            "out/toy.hwh",
            'MODTYPE="processing_system7"',
            'MODTYPE="microblaze"',
            "modules of type processing_system7: expected 1, found 0",
        ),
        (
            "out/toy.hwh",
            'DIVISOR0" VALUE="5"',
            'DIVISOR0" VALUE="4"',
            "divider of the fabric's clock: expected 10 for 100 MHz, found 8",
        ),
        (
            "out/toy.hwh",
            'DIVISOR0" VALUE="5"',
            'DIVISOR0" VALUE="x"',
            "expected a divider, found x",
        ),
        ("out/toy.hwh", "</EDKSYSTEM>", "", "expected a hardware handoff file in XML"),
        ("rtl/top.v", "endmodule", "endmodule // other", "expected the Verilog of manifest.json"),
        (
            "report/utilization.rpt",
            "Slice LUTs",
            "Slices",
            "expected a row for Slice LUTs or CLB LUTs, found none",
        ),
        ("report/utilization.rpt", "| 12345 ", "| many ", "expected a number for LUT, found "),
        (
            "report/hierarchy.rpt",
            "Total LUTs",
            "LUT Sum",
            "expected a table with columns Instance, Total LUTs, FFs",
        ),
        ("report/timing_summary.rpt", "WNS(ns)", "WNS", "expected a design timing summary"),
        ("report/timing_summary.rpt", "0.338", "NA", "expected a number for WNS.*found 'NA'"),
        (
            "report/timing_summary.rpt",
            "10.000   ",
            "20.000   ",
            "expected a clock of 10.000 ns, found clk_fpga_0 with 20.000 ns",
        ),
        ("report/timing_setup.rpt", "Slack (MET)", "Slack", "expected the slack of a path"),
        ("report/power.rpt", "Total On-Chip", "Total", "expected Total On-Chip Power"),
        (
            "report/utilization.rpt",
            "Tool Version",
            "Tool",
            "expected the version of Vivado in its head",
        ),
    ],
)
def test_what_collect_refuses(ready: Path, name: str, old: str, new: str, message: str) -> None:
    edit(ready / name, old, new)
    with pytest.raises(SpikeLoomError, match=message) as caught:
        vivado.collect(ready)
    assert str(ready) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "out/toy.bit",
        "out/toy.hwh",
        "report/power.rpt",
        "report/hierarchy.rpt",
        "report/timing_summary.rpt",
    ],
)
def test_what_collect_misses(ready: Path, name: str) -> None:
    (ready / name).unlink()
    with pytest.raises(SpikeLoomError, match=re.escape(str(ready / name))):
        vivado.collect(ready)


def test_collect_knows_a_cut_bitstream(ready: Path) -> None:
    raw = (ready / "out" / "toy.bit").read_bytes()
    (ready / "out" / "toy.bit").write_bytes(raw[:-100])
    with pytest.raises(
        SpikeLoomError, match="expected 4045564 bytes of configuration data, found 4045464"
    ):
        vivado.collect(ready)
    other = bitfile.parse(raw, "x")
    bitfile.write(ready / "out" / "toy.bit", replace(other, part="7z010clg400"))
    with pytest.raises(SpikeLoomError, match="expected a bitstream for xc7z020clg400-1"):
        vivado.collect(ready)


def test_the_handoff_file_is_one_for_pynq(ready: Path) -> None:
    from pynq.pl_server.embedded_device import Metadata, RuntimeMetadataParser

    parsed = RuntimeMetadataParser(Metadata(input=ready / "out" / "toy.hwh"))
    assert (
        parsed.ip_dict["shell_0"]["phys_addr"] == 0x4000_0000
        and parsed.ip_dict["shell_0"]["addr_range"] == 0x10000
    )
    assert xml.parse(ready / "out" / "toy.hwh").getroot().tag == "EDKSYSTEM"
