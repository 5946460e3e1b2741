"""The plan on disk: ``plan.json`` for the structure, ``weights.npz`` for the integer arrays.

Both files are the same bytes on every run: keys are sorted, and the zip carries one fixed date.
:func:`hashes` identifies the network that they hold by its contents, whatever compresses or formats
them.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.errors import SpikeLoomError
from spikeloom.files import existing, first_line, load_json, save_arrays, save_text
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import NEURONS, Neuron
from spikeloom.ir.nodes import NODES, Node
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.engines import Step
from spikeloom.mapping.plan.headroom import Room
from spikeloom.mapping.plan.plan import Folding, Plan

SCHEMA = 3
PLAN_FILE = "plan.json"
WEIGHTS_FILE = "weights.npz"

Json = dict[str, Any]
Arrays = dict[str, npt.NDArray[Any]]

KINDS: dict[str, type[Node] | type[Neuron]] = {**NODES, **NEURONS}
"""Nodes and neurons by what they are called in the file."""

KEYS = {"code": "format"}
"""Attributes that have another name in the file."""


@dataclass(frozen=True)
class Hashes:
    """What a plan is known by: SHA-256 in hexadecimal of the text of ``plan.json``, and of the
    arrays behind it.
    """

    plan: str
    weights: str

    @property
    def network(self) -> str:
        """The network hash: of both."""
        return hashlib.sha256(f"{self.plan}{self.weights}".encode()).hexdigest()


def hashes(plan: Plan) -> Hashes:
    """The hashes of a plan. Arrays count as name, type, shape and little-endian bytes, in the order
    of their names.
    """
    text, arrays = _contents(plan)
    weights = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        weights.update(f"{name} {plain.dtype.str} {list(plain.shape)}\0".encode() + plain.tobytes())
    return Hashes(hashlib.sha256(text.encode()).hexdigest(), weights.hexdigest())


def save(plan: Plan, folder: str | Path) -> None:
    """Write a plan into ``folder`` (made if missing), each file at once or not at all."""
    text, arrays = _contents(plan)
    save_arrays(Path(folder) / WEIGHTS_FILE, arrays)
    save_text(Path(folder) / PLAN_FILE, text)


def _contents(plan: Plan) -> tuple[str, Arrays]:
    """The text of ``plan.json``, and the arrays of ``weights.npz``."""
    arrays: Arrays = {"graph.scale": plan.graph.scale, "graph.bias": plan.graph.bias}
    content: Json = {
        "schema": SCHEMA,
        "name": plan.graph.name,
        "nodes": [_encode(node, node.name, arrays) for node in plan.graph.nodes],
        "engines": {name: _plain(folding) for name, folding in plan.engines.items()},
        "program": [_plain(step) for step in plan.program],
        "board": plan.board,
        "clock_mhz": plan.clock_mhz,
        "density": plan.density,
        "density_source": plan.density_source,
        "headroom": {name: _plain(room) for name, room in plan.rooms.items()},
        "notes": plan.graph.notes,
        "arrays": {name: [str(array.dtype), list(array.shape)] for name, array in arrays.items()},
        **({"runtime_steps": True} if plan.fewer_steps else {}),
        **(
            {"bank_order": {name: list(order) for name, order in plan.dealing.items()}}
            if plan.dealing
            else {}
        ),
        **({"scan_ratio": plan.spread} if plan.spread else {}),
    }
    return json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n", arrays


def load(folder: str | Path) -> Plan:
    """Read what :func:`save` wrote.

    Raises SpikeLoomError if a file is missing, damaged, of another schema, or if the two files do
    not belong together.
    """
    path = Path(folder) / PLAN_FILE
    content = load_json(path, "the plan of a compiled network")
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema != SCHEMA:
        raise SpikeLoomError(
            f"{path}: expected plan schema {SCHEMA}, found {schema}; compile the network again"
        )
    listed = content.get("arrays")
    if not isinstance(listed, dict):
        raise SpikeLoomError(
            f"{path}: not a valid plan (it lists no arrays); compile the network again"
        )
    arrays = _read_arrays(Path(folder) / WEIGHTS_FILE, listed)
    try:
        return _plan(content, arrays)
    except SpikeLoomError as error:
        raise type(error)(
            f"{path}: {error}; the plan is damaged, compile the network again"
        ) from error
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        AssertionError,
        ArithmeticError,
        RecursionError,
        MemoryError,
    ) as error:
        raise SpikeLoomError(
            f"{path}: not a valid plan ({type(error).__name__}: {error}); compile the network again"
        ) from error


def _plan(content: Json, arrays: Arrays) -> Plan:
    if not isinstance(content["name"], str):
        raise SpikeLoomError(f"name: expected a text, found {content['name']!r}")
    if not content["clock_mhz"] > 0:
        raise SpikeLoomError(f"clock_mhz: expected more than 0, found {content['clock_mhz']!r}")
    nodes = tuple(_decode(node, arrays) for node in content["nodes"])
    graph = Graph(
        content["name"],
        nodes,
        arrays["graph.scale"],
        arrays["graph.bias"],
        tuple(content.get("notes", ())),
    )
    engines = {name: Folding(**folding) for name, folding in content["engines"].items()}
    program = tuple(Step(**step) for step in content["program"])
    if not program:
        raise SpikeLoomError("program: expected a step for every node, found none")
    rooms = {name: Room(**room) for name, room in content["headroom"].items()}
    told = (content["board"], content["clock_mhz"], content["density"], content["density_source"])
    dealing = {name: tuple(order) for name, order in content.get("bank_order", {}).items()}
    spread = {name: float(found) for name, found in content.get("scan_ratio", {}).items()}
    steps = bool(content.get("runtime_steps", False))
    plan = Plan(graph, engines, *told, rooms, steps, dealing, spread, program)
    _ = plan.edges
    return plan


def _encode(item: Node | Neuron, name: str, arrays: Arrays) -> Json:
    """A node or neuron as plain JSON, its arrays moved to ``arrays`` under ``name.field``."""
    result: Json = {"type": item.kind}
    for field in fields(item):  # type: ignore[arg-type]  # every kind is a dataclass
        value, key = getattr(item, field.name), KEYS.get(field.name, field.name)
        if isinstance(value, np.ndarray):
            arrays[f"{name}.{field.name}"] = value
            result[key] = {"array": f"{name}.{field.name}"}
        elif type(value) in KINDS.values():
            result[key] = _encode(value, f"{name}.{field.name}", arrays)
        else:
            result[key] = _plain(value) if isinstance(value, Code) else value
    return result


def _decode(item: Json, arrays: Arrays) -> Any:
    kind, names = KINDS[item["type"]], {key: name for name, key in KEYS.items()}
    values = {
        names.get(key, key): _value(key, value, arrays)
        for key, value in item.items()
        if key != "type"
    }
    for field in fields(kind):  # type: ignore[arg-type]  # every kind is a dataclass
        if field.type == "Ints" and not isinstance(values.get(field.name), np.ndarray):
            raise SpikeLoomError(f"{item.get('name', item['type'])}: {field.name} is no array")
    return kind(**values)


def _value(key: str, value: Any, arrays: Arrays) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, dict):
        return value
    if key == "format":
        return Code(**value)
    return arrays[value["array"]] if "array" in value else _decode(value, arrays)


def _plain(item: Code | Folding | Room | Step) -> Json:
    return {field.name: getattr(item, field.name) for field in fields(item)}


def _read_arrays(path: Path, expected: dict[str, list[Any]]) -> Arrays:
    """Exactly the arrays that the plan lists, in the types and shapes that it lists."""
    arrays: Arrays = {}
    existing(path, "the weights of a compiled network")
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as entry:
                    arrays[name.removesuffix(".npy")] = np.lib.format.read_array(
                        entry, allow_pickle=False
                    )  # type: ignore[no-untyped-call]
    except (
        zipfile.BadZipFile,
        ValueError,
        EOFError,
        OSError,
        NotImplementedError,
        RuntimeError,
        zlib.error,
    ) as error:
        raise SpikeLoomError(
            f"{path}: the weights are damaged ({first_line(error)}); compile the network again"
        ) from error
    found = {name: [str(array.dtype), list(array.shape)] for name, array in arrays.items()}
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            raise SpikeLoomError(
                f"{path}: array {name}: the plan expects {expected.get(name)}, found"
                f" {found.get(name)}; compile the network again"
            )
    return arrays
