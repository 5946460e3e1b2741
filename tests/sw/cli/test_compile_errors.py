"""What 'compile' refuses, in one line, with nothing half-written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from spikeloom.cli import main

from tests.sw.cli.tiny import refused, saved, tiny


def test_compile_without_calibration_says_what_it_assumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main.run(["compile", str(tiny(tmp_path / "tiny.onnx")), "-o", str(tmp_path / "net")]) == 0
    )
    assert "assumed" in capsys.readouterr().out


def test_unsupported_operator_is_named_with_those_that_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny(
        tmp_path / "tiny.onnx",
        extra=(helper.make_node("Sinh", ["y"], ["z"], name="bad"),),
        output="z",
    )
    error = refused(capsys, tmp_path, "compile", model, "-o", tmp_path / "net")
    assert "Sinh" in error and "bad" in error and "MatMul" in error and "tiny.onnx" in error


def test_cycle_in_the_graph(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = (
        helper.make_node("Add", ["y", "b"], ["a"], name="one"),
        helper.make_node("Relu", ["a"], ["b"], name="two"),
    )
    model = tiny(tmp_path / "tiny.onnx", extra=loop, output="b")
    assert "tiny.onnx" in refused(capsys, tmp_path, "compile", model, "-o", tmp_path / "net")


def test_truncated_and_foreign_onnx(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny(tmp_path / "tiny.onnx")
    whole = model.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"hello", os.urandom(1) * 300):
        model.write_bytes(content)
        assert "tiny.onnx" in refused(capsys, tmp_path, "compile", model, "-o", tmp_path / "net")
    assert "no such file" in refused(
        capsys, tmp_path, "compile", tmp_path / "nothing.onnx", "-o", tmp_path / "net"
    )


def test_sums_too_wide_for_the_accumulator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(
        capsys,
        tmp_path,
        "compile",
        tiny(tmp_path / "tiny.onnx", bits=16, scale=1 << 13),
        "-o",
        tmp_path / "net",
    )
    assert (
        f"spikeloom: {tmp_path / 'tiny.onnx'}: fc: sums need" in error
        and "fewer time steps or weight bits" in error
    )


def test_wrong_options_of_compile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, out = tiny(tmp_path / "tiny.onnx"), tmp_path / "net"
    (tmp_path / "folding.json").write_text('{"fc": {"elements": 2}}', encoding="utf-8")
    for options, says in (
        (("--board", "none"), "pynq-z2"),
        (("--target-fps", "-1"), "above zero"),
        (("--target-fps", "inf"), "above zero"),
        (
            ("--target-fps", "1e12"),
            (
                "tiny.onnx: 1e+12 frames per second are not reached on pynq-z2: no folding is that"
                " fast, the output alone takes 3 cycles "
            ),
        ),
        (("--clock-mhz", "0"), "1 to 1000 MHz, got 0"),
        (("--clock-mhz", "1e9"), "1 to 1000 MHz, got 1e+09"),
        (("--folding", tmp_path / "folding.json"), "divide"),
        (("--calibration", saved(tmp_path / "c.npy", np.zeros((1, 3)))), "expected (batch, 4)"),
        (("--nonsense", "1"), "nonsense"),
    ):
        assert says in refused(capsys, tmp_path, "compile", model, "-o", out, *options)


def test_output_that_cannot_be_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused before anything is read or trained; an empty name must not stand for the working
    folder.
    """
    monkeypatch.chdir(tmp_path)
    model = tiny(tmp_path / "tiny.onnx")
    (tmp_path / "nowhere").symlink_to("nothing")
    for output in ("/", "//", f"{tmp_path}{'/..' * 20}", "", " "):
        for command in (("compile", model), ("train", "nonsense")):
            assert "a folder of its own" in refused(capsys, tmp_path, *command, "-o", output)
    for output in (model, model / "net", tmp_path / "nowhere"):
        for command in (("compile", model), ("train", "nonsense")):
            assert "is not a folder" in refused(capsys, tmp_path, *command, "-o", output)


def test_external_data_stays_inside_its_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.ones(12, dtype=np.float32).tobytes())
    (tmp_path / "inside").mkdir()
    model = onnx.load(tiny(tmp_path / "inside" / "tiny.onnx"))
    weight = next(w for w in model.graph.initializer if w.name == "w")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../secret.bin")
    (tmp_path / "inside" / "tiny.onnx").write_bytes(model.SerializeToString())
    assert "tiny.onnx" in refused(
        capsys, tmp_path, "compile", tmp_path / "inside" / "tiny.onnx", "-o", tmp_path / "net"
    )
