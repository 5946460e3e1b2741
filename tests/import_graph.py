"""Who imports whom in the three houses, from their syntax trees: for the tests of the import rule,
and for what depends on a changed file.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOUSES = {
    "spikeloom": ROOT / "sw/spikeloom",
    "spikeloom_hw": ROOT / "hw/spikeloom_hw",
    "spikeloom_sim": ROOT / "sim/spikeloom_sim",
}


@dataclass(frozen=True, order=True)
class Import:
    """``module`` imports ``target`` in a line."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.target}"


def modules() -> dict[str, Path]:
    """Every module of the three houses by its dotted name."""
    found = {}
    for house, folder in HOUSES.items():
        for path in sorted(folder.rglob("*.py")):
            parts = [house, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(known: dict[str, Path] | None = None) -> list[Import]:
    """Every import of one module by another, wherever in a file it stands."""
    known = modules() if known is None else known
    found = set()
    for module, path in known.items():
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for target in targets(node, package, known):
                if target in known and target != module:
                    found.add(Import(module, target, getattr(node, "lineno", 0)))
    return sorted(found)


def targets(node: ast.AST, package: str, known: dict[str, Path]) -> list[str]:
    """Modules that a statement imports; of ``from package import name`` the module of that name,
    where there is one.
    """
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1] if node.level else []
    module = ".".join([*base, *([node.module] if node.module else [])])
    names = [f"{module}.{alias.name}" for alias in node.names]
    return [name if name in known else module for name in names]


def circle() -> list[str]:
    """Modules that import each other in a circle, the first one again at the end; none if empty."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for found in imports():
        sorter.add(found.module, found.target)
    try:
        sorter.prepare()
    except CycleError as error:
        return [str(module) for module in error.args[1]]
    return []
