"""Opening: the board's software, and whether bitstream, manifest and board belong together."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from spikeloom.driver import Accelerator, environment
from spikeloom.driver.errors import MismatchError, SetupError
from spikeloom.errors import SpikeLoomError
from spikeloom.interface.registers import VERSION

from tests.sw.driver.fake import Board, Shell, manifest, opened

ACTIVATE = "source {}/pynq_venv.sh && export XILINX_XRT=/usr && python3"


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Board:
    return opened(monkeypatch, tmp_path, Shell(manifest()), simulated=False)


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PYNQ image, as far as the driver looks at it."""
    for name in ("pynq_venv.sh", "pynq_board"):
        (tmp_path / name).write_text("Pynq-Z2\0", encoding="utf-8")
    monkeypatch.setattr(environment, "VENV", tmp_path / "pynq_venv.sh")
    monkeypatch.setattr(environment, "BOARD_NAME", tmp_path / "pynq_board")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def refused(kind: type[SpikeLoomError], folder: Path) -> str:
    """The one line with which opening fails."""
    with pytest.raises(kind) as caught:
        Accelerator(folder / "fake.bit")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def devices(error: str | None) -> Any:
    class Device:
        @property
        def active_device(self) -> Any:
            if error is not None:
                raise RuntimeError(error)
            return SimpleNamespace()

    return Device()


def test_a_board_opens(board: Board, image: Path) -> None:
    accelerator = Accelerator(image / "fake.bit")
    assert accelerator.source == "board" and accelerator.clock_mhz == 50


def test_without_root(board: Board, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["classify.py"])
    line = refused(SetupError, image)
    assert (
        "expected to run as root, found user 1000" in line
        and f"sudo bash -c '{ACTIVATE.format(image)} classify.py'" in line
    )
    monkeypatch.setattr(sys, "argv", ["/usr/bin/ipython"])
    assert "python3 your_script.py" in refused(SetupError, image)


def test_a_simulated_board_needs_no_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened(monkeypatch, tmp_path, Shell(manifest()))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert Accelerator(tmp_path / "fake.bit").source == "simulated"


def test_another_python_than_the_images(
    board: Board, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynq", None)
    line = refused(SetupError, image)
    assert (
        "expected the Python environment of the PYNQ image" in line
        and ACTIVATE.format(image) in line
    )


def test_no_pynq_and_no_board(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pynq", None)
    assert "copy the folder of 'spikeloom deploy' to a board" in refused(SetupError, tmp_path)


@pytest.mark.parametrize(
    ("version", "fine"),
    [("2.7.0", 0), ("3.0.1", 0), ("3.1.2", 1), ("4.0.0", 1), ("4.2", 1), ("5.0.0", 0), ("x", 0)],
)
def test_versions_of_pynq(board: Board, image: Path, version: str, fine: int) -> None:
    board.module.__version__ = version
    if fine:
        Accelerator(image / "fake.bit")
    else:
        line = refused(SetupError, image)
        assert (
            f"expected version 3.1 to 4, found {version}" in line
            and "python3 -m pip install pynq==3.1.2" in line
        )


def test_no_device(board: Board, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board.module.Device = devices("No Devices Found")
    monkeypatch.delenv("XILINX_XRT", raising=False)
    assert "the variable XILINX_XRT is not set; type: sudo bash" in refused(SetupError, image)
    monkeypatch.setenv("XILINX_XRT", "/usr")
    assert "write the board's own image to the SD card" in refused(SetupError, image)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "expected to run as root" in refused(SetupError, image)


def test_no_device_off_a_board(board: Board, tmp_path: Path) -> None:
    board.module.Device = devices("No Devices Found")
    assert "'spikeloom measure DIR' opens the simulated one" in refused(SetupError, tmp_path)


def test_another_board(board: Board, image: Path) -> None:
    (image / "pynq_board").write_text("ZCU104\0", encoding="utf-8")
    assert "expected a pynq-z2, for which the network was compiled, found a zcu104" in refused(
        MismatchError, image
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [("fake.bit", "a bitstream"), ("fake.hwh", "handoff"), ("manifest.json", "the manifest")],
)
def test_missing_files(board: Board, image: Path, name: str, says: str) -> None:
    (image / name).unlink()
    line = refused(SpikeLoomError, image)
    assert name in line and says in line and "no such file" in line


def test_manifest_of_another_network(board: Board, image: Path) -> None:
    (image / "manifest.json").write_text(manifest(name="other").to_json(), encoding="utf-8")
    line = refused(MismatchError, image)
    assert "another network" in line and board.shell.identity[:12] in line


def test_manifest_that_is_none(board: Board, image: Path) -> None:
    for text in ("{}", "hello", json.dumps({"format": 99})):
        (image / "manifest.json").write_text(text, encoding="utf-8")
        assert "manifest" in refused(SpikeLoomError, image)


@pytest.mark.parametrize(
    ("register", "value", "says"),
    [
        ("magic", 0xDEADBEEF, "found 0xdeadbeef in its first register"),
        ("version", 99, f"expected register map {VERSION}, found 99"),
        ("counter_count", 3, "expected 15 counters, found 3"),
        ("capabilities", 16, "expected 64 bits of a memory word, found 128"),
    ],
)
def test_hardware_of_another_make(
    board: Board, image: Path, register: str, value: int, says: str
) -> None:
    board.shell.values[register] = value
    assert says in refused(MismatchError, image)


def test_overlays_without_a_shell_or_with_two(board: Board, image: Path) -> None:
    entry = board.ip_dict.pop("shell_0")
    assert "expected one shell, found 0" in refused(MismatchError, image)
    board.ip_dict.update(a=entry, b={**entry, "type": "xilinx.com:module_ref:shell:1.0"})
    assert "found 2" in refused(MismatchError, image)


def test_a_bitstream_that_pynq_cannot_load(board: Board, image: Path) -> None:
    def fails(path: str, device: Any) -> Any:
        raise OSError("[Errno 22] Invalid argument")

    board.module.Overlay = fails
    assert "pynq could not load it ([Errno 22] Invalid argument)" in refused(SetupError, image)


def test_a_clock_that_pynq_cannot_read_is_the_plans(board: Board, image: Path) -> None:
    board.module.Clocks = SimpleNamespace()
    assert Accelerator(image / "fake.bit").clock_mhz == 100


def test_a_manifest_elsewhere(board: Board, image: Path) -> None:
    (image / "manifest.json").rename(image / "mine.json")
    assert Accelerator(image / "fake.bit", image / "mine.json").manifest.name == "fake"
