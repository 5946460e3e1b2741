"""The folder of a network for the open flow, what Yosys really makes of it, and stand-ins for the
other tools on PATH.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from spikeloom.backend import tools
from spikeloom.backend.nextpnr import flow as openflow
from spikeloom.backend.nextpnr import steps as opensteps
from spikeloom.backend.yosys import yosys
from spikeloom.files import save_text
from spikeloom_hw.emit import ps7_text

from tests.sw.backend import programs
from tests.sw.backend.conftest import emit

NAMES = ("nextpnr-xilinx", "fasm2frames", "xc7frames2bit")


def emitted(folder: Path, clock_mhz: float = 50.0) -> Path:
    manifest = emit(folder, "pynq-z2", clock_mhz)
    save_text(folder / "rtl" / "ps7_top.v", ps7_text(manifest))
    return folder


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emitted(tmp_path_factory.mktemp("net") / "toy")


@pytest.fixture(scope="session")
def synthesised(network: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Yosys has really run."""
    target = tmp_path_factory.mktemp("yosys") / "open"
    openflow.prepare(network, target)
    openflow.synthesise_here(target)
    return target


Describe = Callable[..., None]


@pytest.fixture
def installed(
    synthesised: Path, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Describe:
    """Tools on PATH, databases, and a Yosys that hands out what the real one made; the function
    says what they are like.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    programs.install(folder, *NAMES)
    copies = [str(synthesised / name) for name in (opensteps.NETLIST, opensteps.CELLS, "yosys.log")]
    copier = f"import shutil; [shutil.copy(name, '.') for name in {copies!r}]"
    monkeypatch.setattr(yosys, "RUN", copier)
    (folder / "yosys").write_text(
        f"#!{sys.executable}\nimport sys\nassert sys.argv[1:] == ['-q', '-l', 'yosys.log',"
        f" 'synth.ys']\n{copier}\n"
    )
    (folder / "yosys").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(tools, "LOOK", 0.02)
    for name, value in programs.databases(tmp_path / "databases").items():
        monkeypatch.setenv(name, value)

    def describe(*more: str, without: str = "", **likes: object) -> None:
        programs.install(folder, *more)
        if without:
            (folder / without).unlink()
        monkeypatch.setenv(programs.VARIABLE, json.dumps(likes))

    return describe


@pytest.fixture
def target(network: Path, tmp_path: Path) -> Path:
    openflow.prepare(network, tmp_path / "open")
    return tmp_path / "open"


def looks_good(folder: Path) -> bool:
    return any(folder.rglob("*.bit")) or any(folder.rglob("*.hwh"))
