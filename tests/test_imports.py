"""Imports point one way: simulation knows hardware, hardware knows the plan, software knows
neither; and importing stays light.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from spikeloom_hw.fingerprint import FROM_SOFTWARE

ROOT = Path(__file__).parent.parent
HOUSES = {
    "spikeloom": ROOT / "sw/spikeloom",
    "spikeloom_hw": ROOT / "hw/spikeloom_hw",
    "spikeloom_sim": ROOT / "sim/spikeloom_sim",
}

MAY_KNOW_ALL = {"cli.py", "facade.py"}
FOR_HARDWARE = {
    "boards",
    "code",
    "counter_map",
    "depths",
    "errors",
    "files",
    "graph",
    "manifest",
    "neuron",
    "plan",
    "planfile",
    "registers",
    "rows",
}
"""What hardware sees of the software: the plan, the number types, and how files are written."""

FOR_BOARD = {
    "code",
    "errors",
    "files",
    "folding",
    "graph",
    "manifest",
    "neuron",
    "golden",
    "plan",
    "planfile",
    "depths",
}
FOR_BOARD |= {"board", "board.selftest"}
"""What must run where there is numpy alone."""

HEAVY = {
    "torch",
    "brevitas",
    "onnx",
    "qonnx",
    "onnxruntime",
    "amaranth",
    "cocotb",
    "pynq",
    "matplotlib",
    "jinja2",
    "sklearn",
    "scipy",
    "typer",
    "rich",
    "nbformat",
}


def names(path: Path, only_at_import: bool = False) -> set[str]:
    """Modules that a file imports, absolute; ``only_at_import`` leaves out those inside functions
    and under TYPE_CHECKING.
    """
    package = path.relative_to(
        next(h.parent for h in HOUSES.values() if h in path.parents)
    ).parent.parts
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            found.update(f"{module}.{alias.name}" for alias in node.names)
        inner = only_at_import and (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            or (
                isinstance(node, ast.If)
                and isinstance(node.test, ast.Name)
                and node.test.id == "TYPE_CHECKING"
            )
        )
        if not inner:
            for child in ast.iter_child_nodes(node):
                visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return found


def house(name: str) -> str:
    return name.split(".")[0]


def files(name: str) -> list[Path]:
    return sorted(HOUSES[name].rglob("*.py"))


@pytest.mark.parametrize("path", files("spikeloom"), ids=lambda p: str(p.relative_to(ROOT)))
def test_software_knows_no_other_house(path: Path) -> None:
    others = {name for name in names(path) if house(name) in ("spikeloom_hw", "spikeloom_sim")}
    if path.parent == HOUSES["spikeloom"] and path.name in MAY_KNOW_ALL:
        others = {
            name
            for name in names(path, only_at_import=True)
            if house(name) in ("spikeloom_hw", "spikeloom_sim")
        }
    assert not others


@pytest.mark.parametrize("path", files("spikeloom_hw"), ids=lambda p: str(p.relative_to(ROOT)))
def test_hardware_knows_the_plan_alone(path: Path) -> None:
    seen = names(path)
    assert not {name for name in seen if house(name) == "spikeloom_sim"}
    software = {
        name.split(".")[1] if "." in name else "" for name in seen if house(name) == "spikeloom"
    }
    assert software <= FOR_HARDWARE


def test_the_engine_is_known_by_all_that_it_imports() -> None:
    """Directly or not, and inside of functions too."""
    waiting, found = files("spikeloom_hw"), set()
    while waiting:
        for name in names(waiting.pop()):
            parts = name.split(".")
            path = (
                HOUSES["spikeloom"] / f"{parts[1]}.py"
                if parts[0] == "spikeloom" and len(parts) > 1
                else None
            )
            if path is not None and path.is_file() and path.stem not in found:
                found.add(path.stem)
                waiting.append(path)
    assert found == set(FROM_SOFTWARE)


def test_rule_sees_every_form_of_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule itself: relative, nested and aliased imports are found."""
    package = tmp_path / "spikeloom"
    (package / "deep").mkdir(parents=True)
    monkeypatch.setitem(HOUSES, "spikeloom", package)
    path = package / "deep" / "file.py"
    lines = (
        "from ..plan import Plan",
        "from . import near",
        "def f():",
        "    import spikeloom_hw.top as t",
        "if TYPE_CHECKING:",
        "    import spikeloom_sim",
    )
    path.write_text("\n".join(lines), encoding="utf-8")
    assert names(path) == {
        "spikeloom.mapping.plan.plan.Plan",
        "spikeloom.deep.near",
        "spikeloom_hw.top",
        "spikeloom_sim",
    }
    assert names(path, only_at_import=True) == {
        "spikeloom.mapping.plan.plan.Plan",
        "spikeloom.deep.near",
    }


def loaded(statement: str) -> set[str]:
    """Top-level modules in a fresh interpreter after one statement."""
    code = (
        f"{statement}\nimport sys\nprint(' '.join(sorted({{m.split('.')[0] for m in"
        " sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_importing_spikeloom_needs_numpy_alone() -> None:
    modules = ", ".join(f"spikeloom.{name}" for name in sorted(FOR_BOARD))
    assert not loaded(f"import spikeloom, {modules}") & HEAVY


def test_facade_imports_lazily() -> None:
    assert not loaded("from spikeloom import compile, Accelerator") & (
        HEAVY | {"spikeloom_hw", "spikeloom_sim"}
    )


def test_command_line_starts_without_the_heavy_ones() -> None:
    assert not loaded("import spikeloom.cli.main") & (HEAVY - {"typer", "rich"})


def test_unknown_name_is_an_attribute_error() -> None:
    import spikeloom

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        spikeloom.nonsense  # noqa: B018
