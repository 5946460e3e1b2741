"""The command line: every box reads and writes its folder, and bad input ends in one line, status
2, and nothing half-written.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spikeloom.cli import main
from spikeloom.frontend.onnx import read
from spikeloom.ir.neurons import SpikePack
from spikeloom.mapping.plan import plan_file

from tests.sw.cli.tiny import refused, saved, tiny


def test_golden_reads_and_writes_real_numbers(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = saved(tmp_path / "x.npy", np.array([[1.2, 0, 2, 9], [7, 1, 0, 3.5]]))
    assert (
        main.run(
            [
                "golden",
                str(compiled),
                "--input",
                str(x),
                "--output",
                str(tmp_path / "out" / "y.npy"),
            ]
        )
        == 0
    )
    assert np.array_equal(np.load(tmp_path / "out" / "y.npy"), [[22, 1, 11], [17, 22, 6]])
    assert "2 images" in capsys.readouterr().out


def test_golden_tells_the_accuracy_of_the_test_set(
    compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved(
        compiled / "test_x.npy", np.array([[1, 0, 2, 7], [7, 1, 0, 3], [0, 0, 1, 0], [0, 1, 0, 0]])
    )
    saved(compiled / "test_y.npy", np.array([0, 1, 2, 1]))
    assert main.run(["golden", str(compiled)]) == 0
    assert "accuracy 75.00 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((2, 5)), "expected (batch, 4), got (2, 5)"),
        (np.zeros(4), "expected (batch, 4)"),
        (np.zeros((0, 4)), "at least one image"),
        (np.float64(1), "at least one image"),
        (np.full((1, 4), np.nan), "NaN"),
        (np.full((1, 4), np.inf), "infinity"),
        (np.zeros((1, 4), dtype=complex), "complex"),
        (np.array([["a"] * 4]), "expected numbers"),
    ],
)
def test_wrong_arrays(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str], array: Any, says: str
) -> None:
    x = saved(tmp_path / "x.npy", array)
    for command in ("golden", "sim", "compare"):
        assert says in refused(capsys, tmp_path, command, compiled, "--input", x)


def test_missing_and_foreign_files(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = saved(tmp_path / "pickled.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "text.npy").write_text("hello", encoding="utf-8")
    for name, says in (
        ("nothing.npy", "no such file"),
        ("text.npy", "pickle"),
        (bad.name, "pickle"),
    ):
        for command in ("golden", "sim", "compare"):
            error = refused(capsys, tmp_path, command, compiled, "--input", tmp_path / name)
            assert name in error and says in error
    assert "test_x.npy" in refused(capsys, tmp_path, "golden", compiled)
    for command in ("golden", "sim", "compare", "emit", "report"):
        assert "nowhere" in refused(capsys, tmp_path, command, tmp_path / "nowhere")
    for command in ("export",):
        assert "trained.onnx" in refused(capsys, tmp_path, command, compiled)


def test_wrong_labels(tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((2, 4)))
    for labels, says in (
        (np.zeros(3, int), "expected 2 class numbers"),
        (np.array([0, 3]), "0 to 2"),
        (np.zeros(2), "float64"),
    ):
        y = saved(tmp_path / "y.npy", labels)
        assert says in refused(capsys, tmp_path, "golden", compiled, "--input", x, "--labels", y)


@pytest.mark.parametrize("name", [plan_file.PLAN_FILE, plan_file.WEIGHTS_FILE])
def test_damaged_plans(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = compiled / name
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"{}", b"[1]"):
        path.write_bytes(content)
        for command in ("golden", "emit", "sim", "report"):
            refused(
                capsys,
                tmp_path,
                command,
                compiled,
                *(("--input", "x.npy") if command in ("golden", "sim") else ()),
            )


def test_compile_and_emit_write_their_files(tmp_path: Path) -> None:
    model, out = tiny(tmp_path / "tiny.onnx"), tmp_path / "net"
    x = saved(tmp_path / "x.npy", np.array([[1, 0, 2, 7.0]]))
    assert main.run(["compile", str(model), "-o", str(out), "--calibration", str(x)]) == 0
    estimates = {
        f"estimate_{name}.json"
        for name in ("folding", "layer_cycles", "layer_resources", "network_performance")
    }
    assert set(os.listdir(out)) == {"original.onnx", "plan.json", "weights.npz"} | estimates
    for name in estimates:
        assert json.loads((out / name).read_text(encoding="utf-8"))["source"] == "estimated"
    assert plan_file.load(out).graph.name == "net"
    assert main.run(["emit", str(out)]) == 0
    top, manifest = (out / "rtl" / "top.v").read_bytes(), (out / "manifest.json").read_bytes()
    assert str(tmp_path).encode() not in top + manifest
    assert main.run(["emit", str(out)]) == 0
    assert (top, manifest) == (
        (out / "rtl" / "top.v").read_bytes(),
        (out / "manifest.json").read_bytes(),
    )


def test_output_that_cannot_be_a_file(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused before a simulation has run for it."""
    for command in ("golden", "sim"):
        for output, says in (("", "name of a file"), (tmp_path, "found a folder")):
            assert says in refused(capsys, tmp_path, command, compiled, "--output", output)


def test_the_working_folder_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.run(["compile", str(tiny(tmp_path / "tiny.onnx")), "-o", "."]) == 0
    assert (tmp_path / "plan.json").exists()


def test_waves_want_images_that_are_there(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((3, 4)))
    for images in ("3", "2-1", "a", "-1", "1-3", ""):
        error = refused(
            capsys,
            tmp_path,
            "sim",
            compiled,
            "--input",
            x,
            "--waves",
            tmp_path / "w.vcd",
            f"--images={images}",
        )
        assert "0-2" in error


def test_waves_want_a_file_that_can_hold_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused before the network is even looked for."""
    (tmp_path / "w.vcd").mkdir()
    for waves, says in (
        ("w.txt", ".fst or .vcd"),
        ("w", ".fst or .vcd"),
        ("", ".fst or .vcd"),
        (tmp_path / "w.vcd", "found a folder"),
    ):
        assert says in refused(capsys, tmp_path, "sim", tmp_path / "nowhere", "--waves", waves)


def test_images_that_are_not_there_or_not_asked_for(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((3, 4)))
    for images in ("junk", "0"):
        assert "--waves" in refused(
            capsys, tmp_path, "sim", compiled, "--input", x, "--images", images
        )
    assert "at most 3" in refused(
        capsys, tmp_path, "compare", compiled, "--input", x, "--images", 4
    )
    saved(compiled / "test_x.npy", np.zeros((2, 4)))
    assert "at most 2" in refused(capsys, tmp_path, "compare", compiled, "--images", 3)


def test_training_refuses_what_it_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys, "dont_write_bytecode", True
    )  # Python's own cache beside a user's file is not ours to judge
    (tmp_path / "net.py").write_text("def five():\n    return 5\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text("def f(:\n", encoding="utf-8")
    for net, says in (
        ("nonsense", "digits-cnn"),
        (f"{tmp_path / 'net.py'}:five", "int"),
        (f"{tmp_path / 'net.py'}:six", "six"),
        (f"{tmp_path / 'broken.py'}:f", "broken.py"),
        (f"{tmp_path / 'nothing.py'}:f", "nothing.py"),
    ):
        assert says in refused(capsys, tmp_path, "train", net, "-o", tmp_path / "out")


def test_a_rung_that_differs_is_status_1_and_named(
    compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from spikeloom.accelerator import Accelerator
    from spikeloom.verify.verdict import Verdict

    monkeypatch.setattr(
        Accelerator,
        "compare",
        lambda *_: (Verdict("RTL", "outputs", 1, ("RTL differs at layer fc, channel 2",)),),
    )
    saved(compiled / "test_x.npy", np.zeros((1, 4)))
    assert main.run(["compare", str(compiled)]) == 1
    assert "RTL differs at layer fc, channel 2" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"junk"])
@pytest.mark.parametrize("name", ["model.onnx", "original.onnx"])
def test_compare_with_a_damaged_file(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes
) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((1, 4)))
    (compiled / name).write_bytes(content)
    assert name in refused(capsys, tmp_path, "compare", compiled, "--input", x)


def test_compare_with_another_networks_file(
    tmp_path: Path, compiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = saved(tmp_path / "x.npy", np.zeros((1, 4)))
    tiny(compiled / "model.onnx")
    assert "another file; export and compile again" in refused(
        capsys, tmp_path, "compare", compiled, "--input", x
    )


def test_rungs_that_are_missing_or_only_counted_are_said(
    compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from spikeloom.accelerator import Accelerator
    from spikeloom.verify.verdict import Verdict, not_run

    found = (
        not_run("torch, frozen", "torch is away"),
        Verdict("QONNX executor", "outputs", 1, (), "3 of 5 [odd] outputs differ", 3),
    )
    monkeypatch.setattr(Accelerator, "compare", lambda *_: found)
    saved(compiled / "test_x.npy", np.zeros((1, 4)))
    assert main.run(["compare", str(compiled)]) == 0
    screen = capsys.readouterr().out
    for words in (
        "not run",
        "torch, frozen: not run: torch is away",
        "3 differ",
        "3 of 5 [odd] outputs differ",
    ):
        assert words in screen


def test_tiny_file_is_what_these_tests_think(tmp_path: Path) -> None:
    graph = read(tiny(tmp_path / "tiny.onnx"))
    assert graph.shapes["fc"] == (3, 1, 1) and not isinstance(graph["fc"], SpikePack)
