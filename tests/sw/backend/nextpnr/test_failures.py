"""The open flow where a tool dies, lies or is missing, or the design does not do: one error, and no
bitstream.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from spikeloom.backend import tools
from spikeloom.backend.bitstream.clocks import TimingError
from spikeloom.backend.nextpnr import flow as openflow
from spikeloom.backend.nextpnr import installed as opentools
from spikeloom.backend.nextpnr import report as openreport
from spikeloom.backend.nextpnr import steps as opensteps
from spikeloom.backend.yosys import yosys
from spikeloom.errors import CapacityError, SpikeLoomError

from tests.sw.backend.nextpnr.conftest import NAMES, Describe, looks_good


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
