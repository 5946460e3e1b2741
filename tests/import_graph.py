"""Who imports whom in the three houses and in the tests, from their syntax trees: for the tests of
the import rule, and for what depends on a changed file.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOUSES = {
    "spikeloom": ROOT / "sw/spikeloom",
    "spikeloom_hw": ROOT / "hw/spikeloom_hw",
    "spikeloom_sim": ROOT / "sim/spikeloom_sim",
}
TESTS = {"tests": ROOT / "tests"}

NAME = re.compile(r"\b(?:spikeloom|spikeloom_hw|spikeloom_sim|tests)(?:\.\w+)+")
"""A module, or a name in one, in a text."""


@dataclass(frozen=True, order=True)
class Import:
    """``module`` imports ``target`` in a line."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line}: {self.target}"


def modules(houses: Mapping[str, Path] | None = None) -> dict[str, Path]:
    """Every module of some packages by its dotted name; of the three houses if None."""
    found = {}
    for house, folder in (HOUSES if houses is None else houses).items():
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


def needs(known: dict[str, Path]) -> dict[str, set[str]]:
    """What every module needs to run: what it imports, the packages that these are in, the
    ``conftest`` above it, and modules that its strings name.

    A house itself is needed by those alone that import names of it: what it offers comes in when it
    is asked for.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for one in imports(known):
        found[one.module] |= {one.target, *inner_packages(one.target)}
    for module, path in known.items():
        found[module] |= set(named(module, strings(path), known)) - {module}
        found[module] |= {
            f"{package}.conftest"
            for package in packages(module)
            if f"{package}.conftest" in known and module != f"{package}.conftest"
        }
    return found


@cache
def everything() -> tuple[dict[str, Path], dict[str, set[str]]]:
    """The modules of the houses and of the tests, and what each needs; read once."""
    known = modules({**HOUSES, **TESTS})
    return known, needs(known)


def strings(path: Path) -> set[str]:
    """The strings in a file that are no docstrings."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    documentation = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
    }


def packages(module: str) -> Iterator[str]:
    """The packages that a module is in, from the outermost one on."""
    parts = module.split(".")
    return (".".join(parts[:k]) for k in range(1, len(parts)))


def inner_packages(module: str) -> set[str]:
    return {package for package in packages(module) if "." in package}


def named(module: str, texts: set[str], known: dict[str, Path]) -> Iterator[str]:
    """What the strings of a module name: modules, files of the same package; in tests the command
    line and pages that call it.
    """
    package = module.rpartition(".")[0]
    for name in {found for text in texts for found in NAME.findall(text)}:
        while "." in name and name not in known:
            name = name.rpartition(".")[0]
        if "." in name:
            yield name
    for text in texts:
        if text.endswith(".py") and f"{package}.{text[:-3]}" in known:
            yield f"{package}.{text[:-3]}"
    runs = {"-m", "spikeloom"} <= texts or any(text.endswith(("docs", ".ipynb")) for text in texts)
    if runs and module.startswith("tests.") and "spikeloom.__main__" in known:
        yield "spikeloom.__main__"


def dependants(changed: set[str], needed: Mapping[str, set[str]]) -> dict[str, int]:
    """Modules that need a changed one, directly or through others, and over how many imports; 0 for
    the changed ones.
    """
    users: dict[str, set[str]] = defaultdict(set)
    for module, others in needed.items():
        for other in others:
            users[other].add(module)
    distance = dict.fromkeys(changed, 0)
    waiting = list(changed)
    for module in waiting:
        for user in sorted(users[module]):
            if user not in distance:
                distance[user] = distance[module] + 1
                waiting.append(user)
    return distance
