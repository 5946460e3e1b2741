"""The netlist that Yosys writes as JSON: modules of cells, taken apart into single cells with the
place that each has in the hierarchy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spikeloom.errors import SpikeLoomError

Net = int | None
"""A wire of the whole design; None is a constant, or nothing."""

DEEPEST = 64
"""Modules within each other."""


@dataclass(frozen=True)
class Cell:
    """A cell of the FPGA.

    Attributes
    ----------
    kind: its type, as LUT6. name: within its module. place: names of the instances around it, from
        the top.
    parameters: as text, bits where they are numbers. pins: the nets at every port, least
        significant first.
    """

    kind: str
    name: str
    place: tuple[str, ...]
    parameters: Mapping[str, str]
    pins: Mapping[str, tuple[Net, ...]]


@dataclass
class Design:
    """Cells of a whole design, the nets that enter and leave it by port, and names of nets by the
    place of their module.
    """

    cells: list[Cell] = field(default_factory=list)
    inputs: dict[Net, str] = field(default_factory=dict)
    outputs: dict[Net, str] = field(default_factory=dict)
    names: dict[tuple[tuple[str, ...], Net], str] = field(default_factory=dict)


def broken(where: str, what: str) -> SpikeLoomError:
    return SpikeLoomError(f"{where}: expected a netlist written by Yosys, {what}; synthesise again")


def load(path: Path) -> dict[str, Any]:
    """The modules of a netlist. Raises SpikeLoomError where the file is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise broken(str(path), f"found none ({type(error).__name__})") from error
    modules = data.get("modules") if isinstance(data, dict) else None
    if not isinstance(modules, dict):
        raise broken(str(path), "found no modules in it")
    return modules


def is_library(module: Mapping[str, Any]) -> bool:
    """Whether a module describes a cell of the FPGA."""
    return bool({"blackbox", "whitebox"} & set(module.get("attributes", {})))


def take_apart(modules: Mapping[str, Any], top: str, where: str = "netlist") -> Design:
    """All cells below a module. Raises SpikeLoomError where the netlist is damaged."""
    if top not in modules:
        raise broken(where, f"found no module {top!r} in it")
    try:
        return Elaboration(modules, where).run(top)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise broken(where, f"found something else ({type(error).__name__}: {error})") from error


class Elaboration:
    """Modules into cells; nets of the whole design are numbered as they come."""

    def __init__(self, modules: Mapping[str, Any], where: str):
        self.modules, self.where = modules, where
        self.design = Design()
        self.count = 0

    def net(self) -> int:
        self.count += 1
        return self.count

    def run(self, top: str) -> Design:
        bits: dict[int, Net] = {}
        for name, port in sorted(self.modules[top]["ports"].items()):
            ends = self.design.inputs if port["direction"] == "input" else self.design.outputs
            for k, net in enumerate(self.nets(port["bits"], bits)):
                if net is not None:
                    ends[net] = indexed(name, k, len(port["bits"]))
        self.module(top, (), bits)
        return self.design

    def nets(self, wires: list[Any], bits: dict[int, Net]) -> tuple[Net, ...]:
        """Numbers of the whole design for the wires of one module."""
        found: list[Net] = []
        for wire in wires:
            if isinstance(wire, str):
                found.append(None)
                continue
            if not isinstance(wire, int):
                raise TypeError(f"{wire!r} is no wire")
            if wire not in bits:
                bits[wire] = self.net()
            found.append(bits[wire])
        return tuple(found)

    def module(self, name: str, place: tuple[str, ...], bits: dict[int, Net]) -> None:
        if len(place) > DEEPEST:
            raise broken(self.where, f"found more than {DEEPEST} modules within each other")
        module = self.modules[name]
        for label, wire in public(module["netnames"]):
            for k, net in enumerate(self.nets(wire["bits"], bits)):
                self.design.names.setdefault((place, net), indexed(label, k, len(wire["bits"])))
        for label, cell in sorted(module["cells"].items()):
            pins = {port: self.nets(wires, bits) for port, wires in cell["connections"].items()}
            if not isinstance(cell["type"], str):
                raise TypeError(f"{cell['type']!r} is no type of cell")
            inner = self.modules.get(cell["type"])
            if inner is None or is_library(inner):
                self.design.cells.append(
                    Cell(cell["type"], label, place, cell.get("parameters", {}), pins)
                )
                continue
            self.module(cell["type"], (*place, label), self.inner_bits(inner, pins))

    def inner_bits(
        self, module: Mapping[str, Any], pins: Mapping[str, tuple[Net, ...]]
    ) -> dict[int, Net]:
        """What an instance's pins are inside of it. An output that is another output, or an input,
        is joined by ``alias``.
        """
        bits: dict[int, Net] = {}
        for port, description in sorted(
            module["ports"].items(), key=lambda item: item[1]["direction"] != "input"
        ):
            outer = pins.get(port) or (None,) * len(description["bits"])
            if len(outer) != len(description["bits"]):
                raise broken(
                    self.where,
                    f"found {len(outer)} wires at port {port} of {len(description['bits'])} bits",
                )
            for wire, net in zip(description["bits"], outer, strict=True):
                if isinstance(wire, str):
                    continue
                if wire in bits and net is not None and description["direction"] != "input":
                    self.alias(bits[wire], net)
                elif wire not in bits:
                    bits[wire] = (
                        net
                        if net is not None or description["direction"] == "input"
                        else self.net()
                    )
        return bits

    def alias(self, source: Net, target: int) -> None:
        """A wire that goes through a module, or leaves it twice: no cell is there, it takes no
        time.
        """
        if source is not None and source != target:
            self.design.cells.append(Cell(WIRE, "", (), {}, {"I": (source,), "O": (target,)}))


WIRE = "$wire"
"""Kind of a cell that is none: a second name of a net."""


MADE_UP = re.compile(r"\\?\$|_\d+_$")
"""Names that Amaranth or Yosys gave."""


def public(netnames: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names that people gave, the shortest first."""
    found = [
        (len(name), name, wire)
        for name, wire in netnames.items()
        if not wire.get("hide_name", 0) and not MADE_UP.match(name)
    ]
    for _, name, wire in sorted(found, key=lambda item: item[:2]):
        yield name, wire


def indexed(name: str, bit: int, width: int) -> str:
    return name if width == 1 else f"{name}[{bit}]"
