"""The command: options to a grid, a table at the end, and bad input in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from spikeloom.bench.sweep import picture, run
from spikeloom.cli import main

from tests.sw.bench.sweep.small import read


def test_a_sweep_by_its_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = (
        "--spike-penalty 1 --steps 1 --steps spike2=2 --weight-bits 2,fc3=4:8 --epochs 1 --images 2"
        " --board zcu104".split()
    )
    assert main.run(["sweep", "digits-mlp", "-o", str(tmp_path / "out"), *options]) == 0
    shown = capsys.readouterr().out
    assert "point 2 of 2" in shown and "digits-mlp: 2 points" in shown and "sweep.csv" in shown
    assert [
        (row["spike_penalty"], row["steps"], row["weight_bits"]) for row in read(tmp_path / "out")
    ] == [("1.0", "1 spike2=2", f"2 fc3={bits}") for bits in (4, 8)]
    monkeypatch.setattr(picture, "write", lambda *given: None)
    assert main.run(["sweep", "digits-mlp", "-o", str(tmp_path / "out"), *options]) == 0
    assert "2 of 2 trainings were there already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--steps 0", "time steps: expected 1 to 16, found 0"),
        ("--steps 2,x", "--steps: expected whole numbers"),
        ("--weight-bits 9", "weight bits: expected 1 to 8, found 9"),
        (
            "--weight-bits conv1=2",
            "'conv1': the network has no such layer; expected one of fc1, fc2, fc3",
        ),
        ("--spike-penalty -1", "spike penalty: expected a number >= 0, found -1"),
        ("--spike-penalty a", "--spike-penalty: expected numbers"),
        ("--seeds 0", "--seeds"),
        ("--images 1", "--images"),
        ("--board zx81", "'zx81' is unknown"),
        ("--folding missing.json", "missing.json"),
        ("--epochs 0", "--epochs"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: str, says: str
) -> None:
    assert main.run(["sweep", "digits-mlp", "-o", str(tmp_path / "out"), *options.split()]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1 and not (tmp_path / "out").exists()


def test_an_interruption_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*given: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "train", interrupted)
    assert main.run(["sweep", "digits-mlp", "-o", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err == "spikeloom: interrupted\n"
