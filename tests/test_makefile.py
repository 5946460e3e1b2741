"""The Makefile calls the command line once per box, and only for what is older than its sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

FAKE = """#!/bin/sh
echo "$@" >> calls
case $1 in
  train) mkdir -p $4; touch $4/trained.onnx $4/calibration_x.npy;;
  export) touch $2/model.onnx;;
  compile) mkdir -p $4; touch $4/plan.json;;
  emit) touch $2/manifest.json;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the Makefile with a command line that only writes down how it was called."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for path in (
        "sw/spikeloom/train/loop.py",
        "sw/spikeloom/frontend/onnx/arithmetic.py",
        "hw/spikeloom_hw/top.py",
        "pyproject.toml",
        "constraints.txt",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("", encoding="utf-8")
    fake = tmp_path / ".venv" / "bin" / "spikeloom"
    fake.parent.mkdir(parents=True)
    fake.write_text(FAKE, encoding="utf-8")
    fake.chmod(0o755)
    (tmp_path / ".venv" / ".installed").write_text("", encoding="utf-8")
    return tmp_path


def make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A make of its own, also inside 'make test'."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MAKE") and name != "MFLAGS"
    }
    return subprocess.run(
        ["make", *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )


def calls(project: Path, *arguments: str) -> list[str]:
    """Commands that one 'make sim' runs, by name."""
    (project / "calls").write_text("", encoding="utf-8")
    assert make(project, "sim", *arguments).returncode == 0
    return [
        line.split()[0] for line in (project / "calls").read_text(encoding="utf-8").splitlines()
    ]


def test_hls_needs_the_plan_and_no_verilog(project: Path) -> None:
    assert make(project, "hls", "HLS=--sanitize").returncode == 0
    called = [line.split() for line in (project / "calls").read_text(encoding="utf-8").splitlines()]
    assert [line[0] for line in called] == ["train", "export", "compile", "hls"]
    assert called[-1] == ["hls", "build/digits-cnn", "--csim", "--sanitize"]


def test_measure_deploy_and_synth_need_the_hardware_and_nothing_else(project: Path) -> None:
    calls(project)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MAKE") and name != "MFLAGS"
    }
    for target, option in (
        ("measure", "MEASURE=--images 3"),
        ("deploy", "DEPLOY=-o out"),
        ("synth", "SYNTH=--board zcu104"),
    ):
        (project / "calls").write_text("", encoding="utf-8")
        subprocess.run(
            ["make", target, option],
            cwd=project,
            check=True,
            capture_output=True,
            env=environment,
            timeout=60,
        )
        assert (project / "calls").read_text(
            encoding="utf-8"
        ) == f"{target} build/digits-cnn {option.partition('=')[2]}\n"


def test_a_sweep_has_a_folder_of_its_own(project: Path) -> None:
    (project / "calls").write_text("", encoding="utf-8")
    assert (
        make(project, "sweep", "NET=digits-mlp", "SWEEP=--steps 1,2", "BOARD=zcu104").returncode
        == 0
    )
    assert make(project, "sweep", "NET=mine.py:network", "SWEEP=--anew").returncode == 0
    assert (project / "calls").read_text(encoding="utf-8").splitlines() == [
        "sweep digits-mlp -o build/sweep-digits-mlp --board zcu104 --steps 1,2",
        "sweep mine.py:network -o build/sweep-mine-network --board pynq-z2 --anew",
    ]
    done = make(project, "sweep", "NET=my net")
    assert done.returncode == 2 and "rename the file" in done.stderr


def touch(path: Path) -> None:
    """Change a file's time, for certain later than all others."""
    later = time.time() + 2
    os.utime(path, (later, later))


def test_every_box_once_then_only_what_changed(project: Path) -> None:
    assert calls(project) == ["train", "export", "compile", "emit", "sim"]
    assert calls(project) == ["sim"]
    touch(project / "hw/spikeloom_hw/top.py")
    assert calls(project) == ["emit", "sim"]


def test_another_board_plans_anew_without_training(project: Path) -> None:
    calls(project)
    assert calls(project, "BOARD=zcu104") == ["compile", "emit", "sim"]
    assert calls(project, "BOARD=zcu104") == ["sim"]


def test_a_compiler_change_keeps_the_training(project: Path) -> None:
    calls(project)
    touch(project / "sw/spikeloom/frontend/onnx/arithmetic.py")
    assert calls(project) == ["compile", "emit", "sim"]


def test_a_change_of_training_makes_everything_anew(project: Path) -> None:
    calls(project)
    touch(project / "sw/spikeloom/train/loop.py")
    assert calls(project) == ["train", "export", "compile", "emit", "sim"]


def test_networks_have_folders_of_their_own(project: Path) -> None:
    calls(project)
    assert calls(project, "NET=digits-mlp") == ["train", "export", "compile", "emit", "sim"]
    assert calls(project) == ["sim"]
    (project / "mine.py").write_text("", encoding="utf-8")
    calls(project, "NET=mine.py:network")
    assert (project / "build" / "mine-network" / "manifest.json").exists()


def test_a_given_model_is_compiled_not_trained(project: Path) -> None:
    for name in ("x.onnx", "x.npy"):
        (project / name).write_text("", encoding="utf-8")
    assert calls(project, "MODEL=x.onnx", "INPUT=x.npy") == ["compile", "emit", "sim"]
    line = (project / "calls").read_text(encoding="utf-8").splitlines()[-1]
    assert line == "sim build/x --input x.npy"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("MODEL=my model.onnx", "rename the file"),
        ("MODEL=model(1).onnx", "rename the file"),
        ("MODEL=it's.onnx", "rename the file"),
        ("MODEL=missing.onnx", "no such file"),
        ("INPUT=my x.npy", "rename the file"),
        ("INPUT=missing.npy", "no such file"),
        ("NET=my net", "rename the file"),
        ("NET=my net.py:network", "rename the file"),
    ],
)
def test_names_that_make_cannot_take_are_one_line(project: Path, given: str, says: str) -> None:
    """Said before anything is installed or run; targets without a network do not mind."""
    for name in ("my model.onnx", "model(1).onnx", "it's.onnx", "my x.npy", "my net", "my net.py"):
        (project / name).write_text("", encoding="utf-8")
    before = sorted(project.rglob("*"))
    done = make(project, "sim", given)
    assert done.returncode == 2 and not done.stdout and sorted(project.rglob("*")) == before
    assert done.stderr.count("\n") == 1 and given in done.stderr and says in done.stderr
    assert make(project, "help", given).returncode == 0
