"""``spikeloom bitstream`` with the Vivado flow, from a compiled network to what is published."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from spikeloom.backend import deploy, tools
from spikeloom.backend.bitstream import build, publish
from spikeloom.cli import main
from spikeloom.interface import manifest as manifests

from tests.sw.backend.vivado import fake
from tests.sw.backend.vivado.setup import Setup


@pytest.fixture
def net(emitted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (publish, deploy):
        monkeypatch.setattr(module, "bitstreams", lambda: tmp_path / "house", raising=False)
    monkeypatch.setattr(tools, "LOOK", 0.02)
    # Yosys first sees whether the network fits, which takes a minute and has tests of its own.
    monkeypatch.setattr(build, "check_fit", lambda network, progress: None)
    (tmp_path / "bin").mkdir()
    fake.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return Path(shutil.copytree(emitted, tmp_path / "small"))


def test_a_bitstream_is_published(
    net: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["bitstream", str(net)]) == 0
    published = tmp_path / "house" / "small-pynq-z2"
    assert {path.name for path in published.iterdir()} == {
        "small.bit",
        "small.hwh",
        "manifest.json",
        "report.json",
    }
    report = json.loads((net / "report" / "post_route.json").read_text())
    assert (
        report["tool"] == "Vivado v.2022.2"
        and report["source"] == "Vivado v.2022.2, placed and routed"
    )
    assert any(name.startswith("layer ") for name in report["components"])
    assert "Vivado: route" in capsys.readouterr().out


def test_out_of_context(net: Path, tmp_path: Path) -> None:
    assert main.run(["bitstream", str(net), "--ooc"]) == 0
    report = json.loads((net / "report" / "ooc_synth_and_timing.json").read_text())
    assert (
        report["LUT"] == 12345
        and "out of context" in report["source"]
        and not (tmp_path / "house").exists()
    )


def test_timing_not_met(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(fake.VARIABLE, fake.described(replace(Setup(), slack="-0.512")))
    assert main.run(["bitstream", str(net)]) == 2
    said = capsys.readouterr().err
    assert (
        "timing is not met at 100 MHz" in said
        and "90.9091 MHz would pass" in said
        and said.count("\n") == 1
    )
    assert not (tmp_path / "house").exists() and not (net / "report" / "post_route.json").exists()


def test_the_clock_is_searched(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worst path takes 10.5 ns: 100 MHz fails, 90.9 MHz passes, and that is what the manifest
    beside the bitstream says.
    """
    monkeypatch.setenv(fake.VARIABLE, fake.described(replace(Setup(), slack="path 10.5")))
    assert main.run(["bitstream", str(net), "--clock-mhz", "auto"]) == 0
    said = capsys.readouterr().out
    assert "100 MHz: not met" in said and "90.9091 MHz: passed" in said
    assert (
        publish.verify(tmp_path / "house" / "small-pynq-z2").clock_mhz == 90.90909
        and manifests.load(net).clock_mhz == 100
    )


def test_without_vivado(
    net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder is whole, runs elsewhere, and what came back is published."""
    there = os.environ["PATH"]
    monkeypatch.setenv("PATH", os.defpath)
    assert main.run(["bitstream", str(net)]) == 3
    assert "vivado: not on PATH" in capsys.readouterr().err and not (tmp_path / "house").exists()
    shutil.copytree(net / "vivado", tmp_path / "elsewhere")
    monkeypatch.setenv("PATH", there)
    tools.run(["sh", "run.sh"], folder=tmp_path / "elsewhere", log=tmp_path / "log", what="there")
    monkeypatch.setenv("PATH", os.defpath)
    assert main.run(["bitstream", str(net), "--from", str(tmp_path / "elsewhere")]) == 0
    assert publish.verify(tmp_path / "house" / "small-pynq-z2") == manifests.load(net)
