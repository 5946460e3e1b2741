"""How the command line starts and how it ends: help, interruption, packages that are missing."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from spikeloom.cli import main
from spikeloom.mapping.plan import plan_file

from tests import signals
from tests.sw.cli.tiny import refused


def test_usage_errors_are_one_line_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["nonsense"],
        ["golden"],
        ["golden", "a", "b"],
        ["train", "digits-mlp", "-o", "x", "--epochs", "0"],
    ):
        refused(capsys, tmp_path, *arguments)


def test_interruption_is_one_line_and_130(
    compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(plan_file, "load", interrupted)
    assert "interrupted" in refused(capsys, compiled, "emit", compiled, status=130)


def test_a_fault_of_ours_is_not_hidden(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(plan_file, "load", faulty)
    with pytest.raises(ZeroDivisionError):
        main.run(["emit", str(compiled)])


def test_no_command_is_answered_by_the_help_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run([]) == 2
    shown = capsys.readouterr()
    assert "Usage: spikeloom" in shown.out and shown.err == ""


def test_a_package_that_is_missing_is_named(
    compiled: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "amaranth.back", None)
    for module in ("verilog", "emit"):
        monkeypatch.delitem(sys.modules, f"spikeloom_hw.{module}", raising=False)
    assert "amaranth.back: this command needs it" in refused(capsys, compiled, "emit", compiled)


@pytest.mark.parametrize("module", ["typer", "numpy"])
def test_interruption_of_the_first_imports(tmp_path: Path, module: str) -> None:
    """Ctrl-C while the command line is still being loaded, in a package whose import turns it into
    another error.
    """
    lines = (
        "import os, signal",
        "try:",
        "    os.kill(os.getpid(), signal.SIGINT)",
        "except KeyboardInterrupt:",
        "    raise ImportError",
    )
    (tmp_path / f"{module}.py").write_text("\n".join(lines), encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "spikeloom", "--help"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=environment,
        preexec_fn=signals.heard,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "spikeloom: interrupted\n")


def test_the_installed_command_is_the_one_that_can_be_interrupted() -> None:
    project = tomllib.loads(
        (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    )["project"]
    assert project["scripts"] == {"spikeloom": "spikeloom.__main__:main"}


def test_help_and_installed_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spikeloom", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for command in (
        "train",
        "export",
        "compile",
        "emit",
        "sim",
        "golden",
        "compare",
        "synth",
        "measure",
        "deploy",
        "bitstream",
        "hls",
    ):
        assert f" {command} " in done.stdout
    assert " report " in done.stdout
    assert (
        subprocess.run(
            [sys.executable, "-m", "spikeloom", "nonsense"],
            capture_output=True,
            check=False,
            timeout=60,
        ).returncode
        == 2
    )
