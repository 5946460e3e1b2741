"""Neurons, nodes and bodies answer for themselves: every kind has a row in every table, and nobody
asks what kind something is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from spikeloom.files import hls_templates
from spikeloom.frontend.onnx.write import neurons as onnx_neurons
from spikeloom.frontend.onnx.write import nodes as onnx_nodes
from spikeloom.ir.neurons import NEURONS, Neuron
from spikeloom.ir.nodes import NODES, Input, Node
from spikeloom.mapping.estimate import bodies as estimated_bodies
from spikeloom.mapping.estimate import neurons as estimated_neurons
from spikeloom.mapping.estimate.resources import model
from spikeloom.mapping.plan.bodies import BODIES, Body
from spikeloom.mapping.plan.stages import ENGINES
from spikeloom.report import membrane
from spikeloom.verify import torch_model
from spikeloom_hw import bodies as hw_bodies
from spikeloom_hw import neurons as hw_neurons

from tests.import_graph import HOUSES

OWN = (
    "sw/spikeloom/ir/neurons",
    "sw/spikeloom/ir/nodes",
    "sw/spikeloom/mapping/plan/bodies.py",
)
"""Where the kinds are, which may know each other."""


def of_kinds(table: Iterable[type[Neuron] | type[Node]]) -> set[str]:
    return {kind.kind for kind in table}


FIRING = {name for name, kind in NEURONS.items() if kind.fires}

TABLES: dict[str, tuple[set[str], set[str]]] = {
    "estimate, neurons": (of_kinds(estimated_neurons.UNITS), set(NEURONS)),
    "hardware, neurons": (of_kinds(hw_neurons.UNITS), FIRING),
    "onnx, neurons": (of_kinds(onnx_neurons.NEURONS), set(NEURONS)),
    "torch, neurons": (of_kinds(torch_model.NEURONS), set(NEURONS)),
    "report, neurons": (of_kinds(membrane.AXES), set(NEURONS)),
    "plan, nodes": (of_kinds(ENGINES), set(NODES) - {Input.kind}),
    "onnx, nodes": (of_kinds(onnx_nodes.NODES), set(NODES)),
    "torch, nodes": (of_kinds(torch_model.NODES), set(NODES) - {Input.kind}),
    "estimate, bodies": ({body.name for body in estimated_bodies.BODIES}, set(BODIES)),
    "hardware, bodies": ({body.name for body in hw_bodies.BODIES}, set(BODIES)),
}


def test_every_kind_is_in_every_table() -> None:
    assert {
        name: (wanted, found) for name, (found, wanted) in TABLES.items() if found != wanted
    } == {}


def test_every_class_is_listed() -> None:
    """Of a kind that is in no list no file can be read."""
    below = [(Neuron, NEURONS), (Node, NODES)]
    assert all({*parent.__subclasses__()} == {*listed.values()} for parent, listed in below)
    assert {type(body) for body in BODIES.values()} == {*Body.__subclasses__()}


def test_every_kind_has_coefficients() -> None:
    known = model()
    for unit in estimated_neurons.UNITS.values():
        assert unit.kind in known.lut, unit.kind


def test_every_kind_is_in_the_headers() -> None:
    folder = hls_templates() / "include" / "spikeloom"
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.hpp")))
    for body in BODIES:
        assert body.upper() in text, body
    for name, kind in NEURONS.items():
        function = {"thresholds": "table"}.get(name, name)
        assert (folder / f"{function}.hpp").is_file(), kind


KINDS = {kind.__name__ for kind in (*NEURONS.values(), *NODES.values())}
KINDS |= {type(body).__name__ for body in BODIES.values()} | {"Neuron", "Node", "Body"}

NAMES = {*NEURONS, *NODES, *BODIES}


def names(node: ast.AST) -> Iterator[str]:
    """Of classes that a class or a tuple of them stands for."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def imported(tree: ast.AST) -> set[str]:
    """Of ``KINDS``, what a file imports: torch has neurons of its own."""
    homes = ("spikeloom.ir.", "spikeloom.mapping.plan.bodies")
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.asname or alias.name
        for node in froms
        if (node.module or "").startswith(homes)
        for alias in node.names
        if alias.name in KINDS
    }


def asked(tree: ast.AST, kinds: set[str]) -> Iterator[tuple[int, str]]:
    """Where a program asks what kind something is, by line; ``kinds``: names of the classes."""
    for node in ast.walk(tree):
        text = ast.unparse(node) if hasattr(node, "lineno") else ""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("isinstance", "issubclass") and kinds & {*names(node.args[1])}:
                yield node.lineno, text
        elif isinstance(node, ast.MatchClass) and kinds & {*names(node.cls)}:
            yield node.lineno, text
        elif isinstance(node, ast.Compare) and compared(node, kinds):
            yield node.lineno, text


def compared(node: ast.Compare, kinds: set[str]) -> bool:
    """Whether a class of a kind is compared, or the name of one with a body or a kind."""
    sides = [node.left, *node.comparators]
    if any(isinstance(side, ast.Name) and side.id in kinds for side in sides):
        return True
    parts = [part for side in sides for part in ast.walk(side)]
    words = {part.value for part in parts if isinstance(part, ast.Constant)}
    whose = {part.attr for part in parts if isinstance(part, ast.Attribute)}
    return bool(whose & {"body", "kind"} and NAMES & words)


ASKS = """
isinstance(neuron, LIF)
isinstance(node, (int, ir.Layer))
issubclass(kind, SumPool)
type(neuron) is SpikePack
stage.folding.body == "event"
f.body in ("parallel", "max")
neuron.kind != "raw"
"""

ASKS_NOT = """
isinstance(path, Path)
neuron.fires and stage.body.skips
plan.kind == "vivado"
body = "event"
UNITS[type(neuron)]
"""


def test_questions_are_found() -> None:
    found = {line for line, _ in asked(ast.parse(ASKS), KINDS)}
    assert found == set(range(2, len(ASKS.splitlines()) + 1))
    assert [*asked(ast.parse(ASKS_NOT), KINDS)] == []
    assert [*asked(ast.parse("match node:\n    case Layer():\n        pass"), KINDS)]


def sources() -> Iterator[Path]:
    for house in HOUSES.values():
        for path in sorted(house.rglob("*.py")):
            if not any(own in path.as_posix() for own in OWN):
                yield path


def test_nobody_asks_what_kind_something_is() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sources()}
    found = [
        f"{path}:{line}: {text}"
        for path, tree in trees.items()
        for line, text in asked(tree, imported(tree))
    ]
    assert found == []
