"""Folding from the command line: the options of a goal, and what is said of the plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spikeloom.cli import main

from tests.sw.cli.tiny import refused, tiny


def test_the_largest_throughput_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = tiny(tmp_path / "tiny.onnx"), tmp_path / "net"
    assert (
        main.run(["compile", str(model), "-o", str(out), "--max-throughput", "--share", "0.5"]) == 0
    )
    said = capsys.readouterr().out
    assert "bound by fc" in said and "33,300,000 frames per second at 100 MHz" in said
    why = json.loads((out / "estimate_folding.json").read_text(encoding="utf-8"))
    assert (
        why["slowest"]["cycles"] == 3
        and why["allowed"]["LUT"] == 26_600
        and why["layers"].keys() == {"fc"}
    )


def test_goals_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = tiny(tmp_path / "tiny.onnx"), tmp_path / "net"
    for options, says in (
        (
            ("--target-fps", "1e3", "--max-throughput"),
            "expected a target or the largest throughput, found both",
        ),
        (("--share", "0.5"), "expected a target or the largest throughput with it"),
        (("--max-throughput", "--share", "2"), "expected a number above 0 and up to 1, got 2.0"),
    ):
        assert says in refused(capsys, tmp_path, "compile", model, "-o", out, *options)
