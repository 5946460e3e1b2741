"""Texts of Vivado that no Vivado should write: what is not a number, or cannot be one, is an error
and no figure.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from spikeloom.backend import tools
from spikeloom.backend.bitstream import bitfile
from spikeloom.backend.bitstream.clocks import TimingError
from spikeloom.backend.vivado import flow as vivado
from spikeloom.backend.vivado import reports
from spikeloom.errors import SpikeLoomError
from spikeloom.files import save_text
from spikeloom.interface import manifest as manifests
from spikeloom.interface.handoff import hwh_text

from tests.sw.backend.bitstream.files import bitstream
from tests.sw.backend.vivado import texts

FACTS = texts.Facts(
    version="2022.2",
    part="xc7z020clg400-1",
    top="system_wrapper",
    state="routed",
    clock="clk_fpga_0",
    period=10.0,
    slack="0.338",
    hold="0.021",
    pulse="1.250",
    worst="system_i/shell_0/inst/core/engine/top/conv1_body",
    stages=("conv1", "conv1.skip", "fc"),
)

WRITERS: dict[str, Callable[[texts.Facts], str]] = {
    "utilization": texts.utilization,
    "hierarchy": texts.hierarchy,
    "timing_summary": texts.summary,
    "timing_setup": lambda facts: texts.path(facts, "max"),
    "timing_hold": lambda facts: texts.path(facts, "min"),
    "power": texts.power,
}


@pytest.fixture(scope="module")
def whole(networks: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as Vivado would leave it. Nobody writes into it."""
    folder = tmp_path_factory.mktemp("made") / "vivado"
    vivado.prepare(networks["pynq-z2"], folder)
    manifest = manifests.load(folder)
    (folder / "out").mkdir()
    bitfile.write(folder / "out" / "toy.bit", bitstream(manifest))
    save_text(folder / "out" / "toy.hwh", hwh_text(manifest))
    save_text(folder / "vivado.log", "spikeloom: done\n")
    described(folder, FACTS)
    return folder


def copied(source: str, target: str) -> None:
    """A bitstream, which is long and which no test here changes, is the same file."""
    (os.link if source.endswith(".bit") else shutil.copyfile)(source, target)


@pytest.fixture
def ready(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "vivado", copy_function=copied))


def described(folder: Path, facts: texts.Facts) -> None:
    for name, writer in WRITERS.items():
        save_text(folder / "report" / f"{name}.rpt", writer(facts))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(SpikeLoomError) as caught:
        vivado.collect(folder)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 500 and all(word in message for word in words), (
        message
    )


def test_the_folder_is_good_as_it_is(ready: Path) -> None:
    assert vivado.collect(ready).report["fmax_mhz"] == pytest.approx(1000 / 9.662, abs=1e-3)


NUMBERS = [
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1e999",
    "1.2.3",
    ".",
    "--",
    "1_0",
    "9" * 5000,
    "\u0663",
    "NA",
]


@pytest.mark.parametrize("text", [*NUMBERS, "10.000", "10.5", "9.6", "-5000"])
def test_a_setup_slack_that_cannot_be(ready: Path, text: str) -> None:
    edit(ready / "report" / "timing_summary.rpt", "    0.338 ", f"    {text} ")
    refused(ready, f"{ready / 'report' / 'timing_summary.rpt'}: expected ", "WNS(ns)", ", found '")


@pytest.mark.parametrize("text", [*NUMBERS, "10.0.00", "0", "0.000", "-10.000", "0.4", "1001"])
def test_a_period_that_cannot_be(ready: Path, text: str) -> None:
    edit(
        ready / "report" / "timing_summary.rpt",
        "{0.000 5.000}      10.000 ",
        f"{{0.000 5.000}}      {text} ",
    )
    refused(
        ready,
        f"{ready / 'report' / 'timing_summary.rpt'}: expected ",
        "period of ",
        "clk_fpga_0",
        ", found ",
    )


@pytest.mark.parametrize(("old", "what"), [("0.021", "WHS(ns)"), ("1.250", "WPWS(ns)")])
@pytest.mark.parametrize("text", NUMBERS)
def test_other_slacks_that_cannot_be(ready: Path, old: str, what: str, text: str) -> None:
    edit(ready / "report" / "timing_summary.rpt", f" {old} ", f" {text} ")
    refused(
        ready, f"{ready / 'report' / 'timing_summary.rpt'}: expected a number for {what}, found '"
    )


@pytest.mark.parametrize("text", [*NUMBERS, "-7", "0.5"])
def test_failing_endpoints_that_cannot_be(ready: Path, text: str) -> None:
    """Minus seven of one kind and seven of another are not none."""
    path = ready / "report" / "timing_summary.rpt"
    described(ready, replace(FACTS, slack="-0.512"))
    line = next(line for line in path.read_text().splitlines() if line.strip().startswith("-0.512"))
    words = line.split()
    path.write_text(
        path.read_text().replace(line, "  ".join([*words[:2], text, *words[3:]])), encoding="utf-8"
    )
    refused(
        ready,
        f"{path}: expected a ",
        " number " if text == "0.5" else "number",
        "TNS Failing Endpoints, found '",
    )


@pytest.mark.parametrize("text", NUMBERS)
def test_a_worst_path_that_cannot_be(ready: Path, text: str) -> None:
    path = ready / "report" / "timing_setup.rpt"
    edit(path, "             0.338ns", f"             {text}ns")
    refused(ready, f"{path}: expected a number for the slack of a path, found '")
    for old in ("9.321ns", "2.345ns", "6.976ns"):
        described(ready, FACTS)
        edit(path, old, f"{text}ns")
        refused(ready, f"{path}: expected a number for the delay of a path, found '")
    described(ready, FACTS)
    edit(path, "          9  (", f"          {text}  (")
    refused(ready, f"{path}: expected a number for the logic levels of a path, found '")


@pytest.mark.parametrize(
    ("name", "old", "what"),
    [
        ("utilization", "| 12345 ", "LUT"),
        ("utilization", "|    4 ", "DSP"),
        ("power", "| 1.653 ", "Total On-Chip Power (W)"),
    ],
)
@pytest.mark.parametrize("text", [*NUMBERS, "-4"])
def test_figures_that_cannot_be(ready: Path, name: str, old: str, what: str, text: str) -> None:
    path = ready / "report" / f"{name}.rpt"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, f"| {text} ", 1), encoding="utf-8")
    refused(ready, f"{path}: expected a number ", f"for {what}, found '")


@pytest.mark.parametrize(("pulse", "met"), [("0.001", True), ("0.000", False), ("-0.100", False)])
def test_a_pulse_width_counts_like_the_other_slacks(ready: Path, pulse: str, met: bool) -> None:
    described(ready, replace(FACTS, pulse=pulse))
    assert reports.timing(ready / "report" / "timing_summary.rpt").met == met
    if met:
        assert vivado.collect(ready).report["timing"]["WPWS"] == float(pulse)
    else:
        with pytest.raises(TimingError, match="pulse width slack"):
            vivado.collect(ready)


def test_without_a_log(ready: Path) -> None:
    log = ready / "vivado.log"
    log.unlink()
    refused(ready, f"{log}: expected the log of Vivado, found no such file; run 'sh run.sh' there")
    log.mkdir()
    refused(ready, f"{log}: expected the log of Vivado, found a folder; run 'sh run.sh' there")
    with pytest.raises(
        SpikeLoomError,
        match=(
            r"vivado\.log: expected no such file, or that of an earlier run, found a folder; move"
            r" it away"
        ),
    ):
        vivado.build(ready)


@pytest.mark.parametrize(
    "line",
    [
        f"{'9' * 5000}/3 y",
        "0/3 y",
        "4/3 y",
        "-1/3 y",
        "1/3",
        "1/0 y",
        "\u0661/3 y",
        "1/3 \x1b[2J",
        "1/3 " + "y" * 500,
    ],
)
def test_a_step_that_the_tcl_does_not_write(
    networks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    vivado.prepare(networks["pynq-z2"], tmp_path / "vivado")
    (tmp_path / "bin").mkdir()
    (tmp_path / "said").write_text(f"spikeloom: step {line}\n", encoding="utf-8")
    program = tmp_path / "bin" / "vivado"
    program.write_text(f"#!/bin/sh\ncat '{tmp_path / 'said'}'\nmkdir out\nexec sleep 30\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(tools, "LOOK", 0.02)
    with pytest.raises(SpikeLoomError) as caught:
        vivado.build(tmp_path / "vivado")
    message = str(caught.value)
    assert message.startswith(
        f"{tmp_path / 'vivado' / 'vivado.log'}: expected a line like 'spikeloom: step 2/10"
        " synthesis', found "
    )
    assert "\n" not in message and len(message) < 400 and not (tmp_path / "vivado" / "out").exists()
