"""The open flow: its folder, Yosys itself; with programs in the place of nextpnr and what follows
it, the whole way and its failures.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from spikeloom import compile
from spikeloom.backend.bitstream import bitfile, build, publish
from spikeloom.backend.nextpnr import flow as openflow
from spikeloom.backend.nextpnr import report as openreport
from spikeloom.backend.nextpnr import steps as opensteps
from spikeloom.cli import main
from spikeloom.frontend.onnx.write import write_model
from spikeloom.interface import manifest as manifests
from spikeloom.interface.boards import find_board
from spikeloom.interface.handoff import hwh_text

from tests.sw.backend.bitstream.test_build import synthesis
from tests.sw.backend.nextpnr.conftest import Describe, emitted, looks_good
from tests.sw.backend.vivado.running import contents
from tests.sw.small_network import network as small


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
