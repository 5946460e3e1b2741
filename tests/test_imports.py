"""Imports point one way, from left to right in ``ROOMS``; heavy packages stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.import_graph import HOUSES, Import, circle, imports, modules

ROOMS: tuple[tuple[str, ...], ...] = (
    ("spikeloom.__main__",),
    ("spikeloom.cli",),
    ("spikeloom.bench",),
    ("spikeloom",),
    ("spikeloom.pipeline",),
    ("spikeloom.accelerator",),
    ("spikeloom.report",),
    ("spikeloom_sim",),
    ("spikeloom.backend",),
    ("spikeloom.verify", "spikeloom_hw", "spikeloom.train"),
    ("spikeloom.board",),
    ("spikeloom.nn", "spikeloom.driver", "spikeloom.mapping.search"),
    ("spikeloom.mapping.estimate", "spikeloom.mapping.cycle_model"),
    ("spikeloom.mapping",),
    ("spikeloom.frontend", "spikeloom.interface"),
    ("spikeloom.ir",),
    ("spikeloom.cache",),
    ("spikeloom.files",),
    ("spikeloom.errors", "spikeloom.display", "spikeloom.progress"),
)
"""Rooms from left to right; a room imports those to its right. Those of one line do not know each
other. A module belongs to the longest name that it begins with.
"""

ONLY = {
    "spikeloom_hw": ("ir", "interface", "mapping.plan", "files", "errors"),
    "spikeloom.driver": ("interface", "ir", "files", "errors", "progress", "display"),
}
"""What of ``spikeloom`` a room may know, beside itself."""

HEAVY = {
    "torch": ("spikeloom.nn", "spikeloom.train", "spikeloom.verify.torch_model"),
    "brevitas": ("spikeloom.nn", "spikeloom.train"),
    "onnx": ("spikeloom.frontend.onnx", "spikeloom.nn", "spikeloom.verify.onnx_executor"),
    "qonnx": ("spikeloom.nn", "spikeloom.verify.onnx_executor"),
    "onnxruntime": ("spikeloom.verify.onnx_executor",),
    "amaranth": ("spikeloom_hw", "spikeloom_sim.cocotb_benches"),
    "cocotb": ("spikeloom_sim.cocotb_benches",),
    "pynq": ("spikeloom.driver", "spikeloom_sim.board"),
    "matplotlib": ("spikeloom.report", "spikeloom.bench"),
    "jinja2": ("spikeloom.report", "spikeloom.backend.hls"),
    "sklearn": ("spikeloom.train",),
    "typer": ("spikeloom.cli",),
    "rich": ("spikeloom.cli",),
    "filelock": ("spikeloom.cache",),
    "platformdirs": ("spikeloom.cache",),
    "nbformat": ("spikeloom.backend.deploy_notebook",),
}
"""Package -> where it may be imported."""


def room(module: str) -> tuple[int, str]:
    """Place in the order, and name, of the room of a module."""
    inside = [
        (len(name), place, name)
        for place, names in enumerate(ROOMS)
        for name in names
        if module == name or (module.startswith(f"{name}.") and name != "spikeloom")
    ]
    assert inside, f"{module}: is in no room"
    _, place, name = max(inside)
    return place, name


def against(found: Import) -> bool:
    """Whether an import runs back up, or across."""
    (here, own), (there, other) = room(found.module), room(found.target)
    return own != other and there <= here


def test_no_import_runs_back_up() -> None:
    assert not [str(found) for found in imports() if against(found)]


def test_no_import_goes_in_a_circle() -> None:
    assert not circle()


@pytest.mark.parametrize("name", ONLY)
def test_a_room_knows_what_it_may(name: str) -> None:
    allowed = [f"spikeloom.{other}" for other in ONLY[name]]
    found = [
        str(one)
        for one in imports()
        if one.module.startswith(name)
        and not one.target.startswith(name)
        and not any(one.target == other or one.target.startswith(f"{other}.") for other in allowed)
    ]
    assert not found


def test_heavy_packages_are_imported_where_they_belong() -> None:
    """In functions too; what a type checker alone reads may name them anywhere."""
    wrong = []
    for module, path in modules().items():
        for name, line in outside(ast.parse(path.read_text(encoding="utf-8"))):
            rooms = HEAVY.get(name)
            if rooms is not None and not any(
                module == one or module.startswith(f"{one}.") for one in rooms
            ):
                wrong.append(f"{module}:{line}: {name}")
    assert not wrong


def outside(tree: ast.AST) -> list[tuple[str, int]]:
    """Top-level packages that are imported, not under ``TYPE_CHECKING``, with their lines."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        if isinstance(node, ast.Import):
            found += [(alias.name.split(".")[0], node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.append((node.module.split(".")[0], node.lineno))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(BY_NAME):
            names = [part.value for part in node.args[:1] if isinstance(part, ast.Constant)]
            found += [(str(name).split(".")[0], node.lineno) for name in names]
        waiting += ast.iter_child_nodes(node)
    return found


BY_NAME = ("import_module", "__import__")
"""Functions that import what a string names."""


def test_every_import_of_a_package_is_found() -> None:
    text = """
import torch
from torch.nn import Module
def f(): import torch.nn as nn
__import__("torch")
importlib.import_module("torch.nn")
if TYPE_CHECKING: import numpy
else: import torch
try: import torch
except ImportError: pass
"""
    found = [line for name, line in outside(ast.parse(text)) if name == "torch"]
    assert sorted(found) == [2, 3, 4, 5, 6, 8, 9]
    assert "numpy" not in dict(outside(ast.parse(text)))


def test_every_module_is_in_a_room() -> None:
    assert [room(module) for module in modules()]


def test_the_rule_sees_every_form_of_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative, nested and aliased imports, and those of sub-packages."""
    package = tmp_path / "spikeloom"
    (package / "cli" / "deep").mkdir(parents=True)
    (package / "ir").mkdir()
    for folder in (package, package / "cli", package / "cli" / "deep", package / "ir"):
        (folder / "__init__.py").write_text("", encoding="utf-8")
    (package / "cli" / "deep" / "near.py").write_text("", encoding="utf-8")
    (package / "cli" / "deep" / "file.py").write_text(
        "from . import near\ndef f():\n    import spikeloom.ir.graph as g\n", encoding="utf-8"
    )
    (package / "ir" / "graph.py").write_text(
        "if TYPE_CHECKING:\n    from ..cli.deep.file import f\n", encoding="utf-8"
    )
    monkeypatch.setattr("tests.import_graph.HOUSES", {"spikeloom": package})
    found = {(one.module, one.target) for one in imports()}
    assert found == {
        ("spikeloom.cli.deep.file", "spikeloom.cli.deep.near"),
        ("spikeloom.cli.deep.file", "spikeloom.ir.graph"),
        ("spikeloom.ir.graph", "spikeloom.cli.deep.file"),
    }
    assert [one.module for one in imports() if against(one)] == ["spikeloom.ir.graph"]
    assert set(circle()) == {"spikeloom.cli.deep.file", "spikeloom.ir.graph"}


def loaded(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after one statement."""
    code = f"{statement}\nimport sys\nprint(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_the_board_needs_numpy_alone() -> None:
    modules = "spikeloom, spikeloom.board, spikeloom.driver.selftest, spikeloom.mapping.plan.plan"
    assert not loaded(f"import {modules}") & (set(HEAVY) | {"scipy"})


def test_the_public_names_come_lazily() -> None:
    found = loaded("from spikeloom import compile, Accelerator")
    assert not found & (set(HEAVY) | {"scipy"} | {name for name in HOUSES if name != "spikeloom"})


def test_command_line_starts_without_the_heavy_ones() -> None:
    assert not loaded("import spikeloom.cli.main") & (set(HEAVY) - {"typer", "rich"})


def test_unknown_name_is_an_attribute_error() -> None:
    import spikeloom

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        spikeloom.nonsense  # noqa: B018
