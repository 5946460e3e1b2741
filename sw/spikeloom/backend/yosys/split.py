"""Emitted Verilog, module by module: each can be synthesised without the others, and those that are
the same need it once.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from spikeloom.errors import SpikeLoomError

MODULE = re.compile(r"^module (\\\S+ |\w+)\(([^;]*)\);\n(.*?)^endmodule$", re.DOTALL | re.MULTILINE)

HEADER = re.compile(r"^\s*module\s+(\\\S+|\w+)", re.MULTILINE)

INSTANCE = re.compile(r"^  (\\\S+ |\w+) (\\\S+ |\w+) \($", re.MULTILINE)
"""Type and name."""

PORT = re.compile(r"^  (?:input|output|inout) .*;$", re.MULTILINE)

COUNTED = re.compile(r"\$auto\$[\w.$:]*?\$\d+\b")
"""Names in which Yosys counts through all modules of a file."""


@dataclass(frozen=True)
class Module:
    """Verilog of one module under a name that its contents alone decide.

    Attributes
    ----------
    key: the name. verilog: of the module. stubs: Verilog of modules that stand for those inside of
        it, by name: ports alone.
    inside: what the instances really are, by their names.
    """

    key: str
    verilog: str
    stubs: Mapping[str, str]
    inside: Mapping[str, str]


def plain(name: str) -> str:
    """A name as it is in the netlist: without what escapes it in Verilog."""
    return name.strip().removeprefix("\\")


def split(texts: Sequence[str]) -> dict[str, Module]:
    """The modules of emitted texts by name. Raises SpikeLoomError for a module that is not written
    as 'spikeloom emit' does.
    """
    found: dict[str, tuple[str, str]] = {}
    for text in texts:
        for name, ports, body in MODULE.findall(text):
            found[plain(name)] = (in_order(ports), body)
    headers = [header for text in texts for header in HEADER.findall(text)]
    if len(headers) != len(found):
        strange = next(
            (header for header in headers if plain(header) not in found), "of the same name"
        )
        raise SpikeLoomError(
            f"module {plain(strange)}: expected Verilog of 'spikeloom emit', found another's; run"
            " it again"
        )
    shells = {
        name: "\n".join([f"({ports});", *PORT.findall(body), "endmodule\n"])
        for name, (ports, body) in found.items()
    }
    return {name: module(ports, body, shells) for name, (ports, body) in found.items()}


def in_order(ports: str) -> str:
    """Instances name the ports: their order in the header says nothing."""
    return ", ".join(sorted(f"{port.strip()} " for port in ports.split(",")))


def module(ports: str, body: str, shells: Mapping[str, str]) -> Module:
    """One module. ``shells``: what every module is from the outside."""
    stubs: dict[str, str] = {}
    inside: dict[str, str] = {}

    def instance(match: re.Match[str]) -> str:
        kind, name = plain(match[1]), match[2]
        if kind not in shells:
            return match[0]
        stub = f"stub_{named(shells[kind])}"
        stubs[stub] = f"(* blackbox *)\nmodule {stub} {shells[kind]}"
        inside[plain(name)] = kind
        return f"  {stub} {name} ("

    body = INSTANCE.sub(instance, "".join(renumbered(body)))
    key = f"part_{named(f'{ports};{body}')}"
    return Module(key, f"module {key} ({ports});\n{body}endmodule\n", stubs, inside)


def renumbered(body: str) -> Iterator[str]:
    """The text, counted names in the order in which they come in this module."""
    known: dict[str, str] = {}
    last = 0
    for match in COUNTED.finditer(body):
        yield body[last : match.start()]
        yield known.setdefault(match[0], f"$auto${len(known)}")
        last = match.end()
    yield body[last:]


def named(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
