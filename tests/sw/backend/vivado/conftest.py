"""A program on PATH that is Vivado, and folders in which it has run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from spikeloom.backend import tools
from spikeloom.backend.vivado import flow as vivado

from tests.sw.backend.vivado import fake
from tests.sw.backend.vivado.setup import Setup

Describe = Callable[..., None]
"""Says what the program is like."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bin")
    fake.install(folder)
    return folder


@pytest.fixture
def installed(programs: Path, monkeypatch: pytest.MonkeyPatch) -> Describe:
    """Puts the program on PATH; the function it gives says what it is like."""
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(tools, "LOOK", 0.02)

    def describe(kill: str = "", **setup: object) -> None:
        monkeypatch.setenv(fake.VARIABLE, fake.described(replace(Setup(), **setup), kill))

    describe()
    return describe


@pytest.fixture
def folder(networks: dict[str, Path], tmp_path: Path) -> Path:
    vivado.prepare(networks["pynq-z2"], tmp_path / "vivado")
    return tmp_path / "vivado"


@pytest.fixture(scope="module")
def built(
    networks: dict[str, Path], programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder in which Vivado has run. Nobody writes into it."""
    folder = tmp_path_factory.mktemp("built") / "vivado"
    vivado.prepare(networks["pynq-z2"], folder)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["sh", str(folder / "run.sh")],
        env={**os.environ, "PATH": path},
        capture_output=True,
        timeout=60,
        check=True,
    )
    return folder


@pytest.fixture
def ready(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "vivado"))
