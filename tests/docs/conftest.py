"""One prepared folder for all pages; every page runs in a copy of its own."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from tests.docs import workspace
from tests.docs.commands import project_of


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What :func:`tests.docs.workspace.prepare` makes."""
    folder = tmp_path_factory.mktemp("documentation")
    before = Path.cwd()
    os.chdir(folder)
    try:
        workspace.prepare(folder)
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def place(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the current folder. No vendor tool is on PATH."""
    folder = tmp_path / "place"
    shutil.copytree(prepared, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv(
        "PATH", os.pathsep.join((str(Path(sys.executable).parent), "/usr/bin", "/bin"))
    )
    return folder


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the Makefile alone."""
    return project_of(tmp_path_factory.mktemp("project"))
