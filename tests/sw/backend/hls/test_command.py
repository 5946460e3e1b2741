"""The command line: what it says and writes, and how it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from spikeloom.cli import main
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.runtime_steps import selectable

from tests.sw.backend.hls.small import small_plan
from tests.sw.cli.tiny import refused


def folder_of(folder: Path, chosen: bool = False) -> Path:
    """A compiled network with a test set, as 'compile' leaves it."""
    plan = selectable(small_plan()) if chosen else small_plan()
    plan_file.save(plan, folder)
    np.save(
        folder / "test_x.npy",
        np.random.default_rng(2).integers(0, 8, (12, 2, 3, 3)).astype(np.float32),
    )
    return folder


def test_simulation_with_fewer_steps_and_what_it_leaves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path / "net", chosen=True)
    assert main.run(["hls", str(folder), "--csim"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "C simulation = golden model: 12 of 12 images, 36 of 36 outputs, compared with ==" in said
    )
    plan, x = plan_file.load(folder), np.load(folder / "test_x.npy")
    np.testing.assert_array_equal(np.load(folder / "hls" / "csim_y.npy"), golden.run(plan.graph, x))
    written = json.loads((folder / "report" / "hls.json").read_text(encoding="utf-8"))
    assert written["estimate"]["source"] == "estimate, never synthesised" and written["estimate"][
        "scans"
    ].endswith("12 images")
    assert [row["layer"] for row in written["estimate"]["rows"]] == ["a", "b/out"]
    output = tmp_path / "y.npy"
    assert (
        main.run(
            ["hls", str(folder), "--csim", "--steps", "2", "--images", "5", "--output", str(output)]
        )
        == 0
    )
    assert "5 of 5 images" in " ".join(capsys.readouterr().out.split())
    np.testing.assert_array_equal(np.load(output), golden.run(plan.with_steps(2).graph, x[:5]))


def test_a_difference_is_named_and_ends_with_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "net")
    honest = golden.trace

    def wrong(graph: Graph, words: Ints) -> dict[str, Ints]:
        found = honest(graph, words)
        found["b/out"][3, 1] += 1
        return found

    monkeypatch.setattr(golden, "trace", wrong)
    assert main.run(["hls", str(folder), "--csim"]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "C simulation differs from golden first at layer b/out: image 3, channel 1, position (0, 0)"
        in said
    )
    assert "1 of 36 entries differ there" in said and "11 of 12 images, 35 of 36 outputs" in said


def test_refusals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "net")
    wrong = tmp_path / "wrong.npy"
    np.save(wrong, np.zeros((2, 5, 3, 3), dtype=np.float32))
    for arguments, says in (
        (("--images", "3"), "--images: is for C simulation; expected --csim beside it, found none"),
        (("--input", wrong), "--input: is for C simulation"),
        (("--sanitize",), "--sanitize: is for C simulation"),
        (("--cosim",), "--cosim: is done by Vitis HLS; expected --vitis beside it, found none"),
        (
            ("--csim", "--images", "13"),
            "--images: expected at most 12, for so many images are there, got 13",
        ),
        (("--csim", "--input", wrong), "input: expected (batch, 2, 3, 3), got (2, 5, 3, 3)"),
        (
            ("--csim", "--steps", "2"),
            "small: the hardware always runs all 3 time steps; compile it with --fewer-steps",
        ),
        (("--csim", "--steps", "4"), "time steps to run: expected 1 to 3, got 4"),
    ):
        assert says in refused(capsys, tmp_path, "hls", folder, *arguments)
    assert "expected the plan of a compiled network" in refused(
        capsys, tmp_path, "hls", tmp_path, "--csim"
    )
    monkeypatch.setenv("CXX", "no-such-compiler")
    capsys.readouterr()
    assert main.run(["hls", str(folder), "--csim"]) == 2
    error = capsys.readouterr().err
    assert (
        error.count("\n") == 1
        and "expected the C++ compiler no-such-compiler on PATH, found none; install g++ or clang"
        in error
    )


def test_a_compiler_that_fails_is_named_with_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path / "net")
    broken = tmp_path / "cxx"
    broken.write_text(
        "#!/bin/sh\necho 'top.cpp:1: error: no such thing'\nexit 1\n", encoding="utf-8"
    )
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    assert main.run(["hls", str(folder), "--csim"]) == 2
    assert (
        "C simulation: cxx ended with status 1 (top.cpp:1: error: no such thing); its log:"
        in capsys.readouterr().err
    )


def test_a_report_that_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(tmp_path / "net")
    assert main.run(["hls", str(folder)]) == 0
    path = folder / "report" / "hls.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["estimate"].pop("interval")
    path.write_text(json.dumps(content), encoding="utf-8")
    capsys.readouterr()
    assert main.run(["hls", str(folder)]) == 2
    assert (
        f"{path}: expected what 'spikeloom hls' reports, found something else"
        in capsys.readouterr().err
    )
