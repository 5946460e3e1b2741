"""The Vivado flow from folder to figures, with a program on PATH that runs the Tcl against the
model.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from spikeloom.backend.bitstream.clocks import TimingError
from spikeloom.backend.tools import ToolError
from spikeloom.backend.vivado import flow as vivado
from spikeloom.errors import SpikeLoomError

from tests.sw.backend.conftest import emit
from tests.sw.backend.vivado.conftest import Describe
from tests.sw.backend.vivado.running import BOARDS


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
