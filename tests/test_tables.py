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
from spikeloom.mapping.plan import bodies
from spikeloom.mapping.plan.bodies import BODIES, Body
from spikeloom.mapping.plan.stages import ENGINES
from spikeloom.report import membrane
from spikeloom.verify import torch_model
from spikeloom_hw import bodies as hw_bodies
from spikeloom_hw import neurons as hw_neurons

from tests.import_graph import ROOT, modules

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
KINDS |= {name for name, value in vars(bodies).items() if isinstance(value, Body)}

NAMES = {*NEURONS, *NODES, *BODIES}

HOMES = ("spikeloom.ir", "spikeloom.mapping.plan.bodies")
"""Where ``KINDS`` come from: torch has neurons of its own."""


def at_home(module: str) -> bool:
    return any(module == home or module.startswith(f"{home}.") for home in HOMES)


def names(node: ast.AST) -> Iterator[str]:
    """Names in an expression, and names of modules with what is taken of them."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name | ast.Attribute):
            yield ast.unparse(part)


def imported(tree: ast.AST, module: str) -> set[str]:
    """How the file of a module can write what is of ``KINDS``."""
    found = set[str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            local = {alias.asname or alias.name for alias in node.names if at_home(alias.name)}
            found |= {f"{name}.{kind}" for name in local for kind in KINDS}
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")[: -node.level] if node.level else []
            source = ".".join([*parts, *([node.module] if node.module else [])])
            for alias in node.names:
                local_name = alias.asname or alias.name
                if at_home(source) and alias.name in KINDS:
                    found.add(local_name)
                elif at_home(f"{source}.{alias.name}"):
                    found |= {f"{local_name}.{kind}" for kind in KINDS}
    return found


def asked(tree: ast.AST, kinds: set[str]) -> Iterator[tuple[int, str]]:
    """Where a program asks what kind something is, by line; ``kinds``: as from ``imported``."""
    for node in ast.walk(tree):
        text = ast.unparse(node) if hasattr(node, "lineno") else ""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("isinstance", "issubclass") and kinds & {*names(node.args[1])}:
                yield node.lineno, text
        elif isinstance(node, ast.MatchClass) and kinds & {*names(node.cls)}:
            yield node.lineno, text
        elif isinstance(node, ast.Compare):
            if compared([node.left, *node.comparators], kinds):
                yield node.lineno, text
        elif isinstance(node, ast.Match):
            values = [p.value for p in ast.walk(node) if isinstance(p, ast.MatchValue)]
            if compared([node.subject, *values], kinds):
                yield node.lineno, text


def compared(sides: Iterable[ast.AST], kinds: set[str]) -> bool:
    """Whether a class of a kind is compared, or the name of one with a body or a kind."""
    parts = [part for side in sides for part in ast.walk(side)]
    if any(kinds & {*names(side)} for side in sides):
        return True
    words = {part.value for part in parts if isinstance(part, ast.Constant)}
    whose = {part.attr for part in parts if isinstance(part, ast.Attribute)}
    whose |= {part.id for part in parts if isinstance(part, ast.Name)}
    asks_name = whose & {"body", "kind"} and NAMES & words
    return bool(asks_name or ("__name__" in whose and KINDS & words))


IMPORTS = """
from spikeloom import ir
from spikeloom.ir.neurons import LIF, SpikePack
from spikeloom.ir.nodes import SumPool as Pool
from spikeloom.mapping.plan import bodies as b
from spikeloom.mapping.plan.bodies import PARALLEL
from ..ir.nodes import MaxPool
import spikeloom.ir.nodes
import spikeloom.ir.nodes as n
from torch.nn import Module as Layer
"""

ASKS = """
isinstance(neuron, LIF)
isinstance(node, (int, ir.Layer))
issubclass(kind, Pool)
type(neuron) is SpikePack
type(neuron) in (LIF,)
stage.folding.body == "event"
f.body in ("parallel", "max")
neuron.kind != "raw"
body == "event"
isinstance(node, MaxPool)
isinstance(node, spikeloom.ir.nodes.MaxPool) or isinstance(node, n.MaxPool)
body_of(stage) is not PARALLEL
stage.body == b.EVENT
type(neuron).__name__ == "LIF"
"""

ASKS_NOT = """
isinstance(path, Path)
isinstance(module, Layer)
neuron.fires and stage.body.skips
plan.kind == "vivado"
body = "event"
UNITS[type(neuron)]
"""


def test_questions_are_found() -> None:
    kinds = imported(ast.parse(IMPORTS), "spikeloom.mapping.plan")
    found = {line for line, _ in asked(ast.parse(ASKS), kinds)}
    assert found == set(range(2, len(ASKS.splitlines()) + 1))
    assert [*asked(ast.parse(ASKS_NOT), kinds)] == []
    for pattern in ("LIF()", "ir.Layer()", "n.MaxPool()"):
        assert [*asked(ast.parse(f"match node:\n    case {pattern}:\n        pass"), kinds)]
    assert [*asked(ast.parse("match f.body:\n    case 'event':\n        pass"), kinds)]
    assert not [*asked(ast.parse("match f.what:\n    case 'event':\n        pass"), kinds)]


def sources() -> Iterator[tuple[str, Path]]:
    for module, path in modules().items():
        if not any(own in path.as_posix() for own in OWN):
            yield module + ".__init__" * (path.name == "__init__.py"), path


def test_nobody_asks_what_kind_something_is() -> None:
    trees = {
        module: (path, ast.parse(path.read_text(encoding="utf-8"))) for module, path in sources()
    }
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for module, (path, tree) in trees.items()
        for line, text in asked(tree, imported(tree, module))
    ]
    assert found == []
