"""From changed files to the test files that a change needs: those that import what changed,
directly or through other modules.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from tests.import_graph import HOUSES, ROOT, TESTS, dependants, everything

PLACES = "spikeloom.files"
"""The module that says where the houses without Python lie: it names them and reads nothing."""


def changed(base: str = "HEAD") -> list[str]:
    """Paths of the files that differ from a commit, and of those that git does not know yet."""
    found: set[str] = set()
    for command in (
        ["git", "diff", "--name-only", base],
        ["git", "ls-files", "--others", "--exclude-standard"],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found |= set(done.stdout.splitlines())
    return sorted(found)


def module_of(path: str) -> str | None:
    """The module that a Python file is or was; None where it is in no package of ours."""
    file = ROOT / path
    for house, folder in {**HOUSES, **TESTS}.items():
        if file.suffix == ".py" and file.is_relative_to(folder):
            parts = [house, *file.relative_to(folder).with_suffix("").parts]
            return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return None


def readers(path: str, texts: dict[str, str], known: dict[str, Path]) -> set[str]:
    """Modules that may read a file which is no module: those that name it or the house that it is
    in; if there are none, those of the folder that it is in.
    """
    house = path.split("/")[0]
    names = [Path(path).name, *([house] if house in ("hls_templates", "bitstreams") else [])]
    found = {
        module
        for module, text in texts.items()
        if module != PLACES and any(name in text for name in names)
    }
    folder = ROOT / path
    while not found and folder != ROOT:
        folder = folder.parent
        found = {module for module, file in known.items() if file.parent == folder}
    return found


def affected(paths: Iterable[str]) -> dict[str, int]:
    """Test files that a change of these files needs, by the imports in between, nearest first."""
    known, needed = everything()
    texts = {module: file.read_text(encoding="utf-8") for module, file in known.items()}
    begun: set[str] = set()
    for path in paths:
        module = module_of(path)
        begun |= {module} if module is not None else readers(path, texts, known)
    for house in HOUSES:
        if house in begun:  # what it runs comes before every module of it
            begun |= {module for module in known if module.startswith(f"{house}.")}
    distance = dependants(begun, needed)
    found = {
        known[module].relative_to(ROOT).as_posix(): steps
        for module, steps in distance.items()
        if module in known and known[module].name.startswith("test_")
    }
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0])))
