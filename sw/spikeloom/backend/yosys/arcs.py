"""How long a signal takes through a cell: read from the cell models that Yosys brings along, in
picoseconds.

Yosys took them from Project X-Ray's measurements of Artix-7 (speed grade 1), which is the fabric of
the smaller Zynq-7000. It has none for what only UltraScale+ has: there the same kind of cell of
7-series stands in, which is slower.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from spikeloom.backend.yosys.netlist import broken

Pin = tuple[str, int]
"""A port of a cell, and the bit of it."""


@dataclass
class Model:
    """One type of cell.

    Attributes
    ----------
    through: from an input to an output without a clock. launch: from the clock to an output.
        capture: before the clock at an input.
    clocks: ports that are clocks. All times in picoseconds.
    """

    through: dict[tuple[Pin, Pin], int] = field(default_factory=dict)
    launch: dict[Pin, int] = field(default_factory=dict)
    capture: dict[Pin, int] = field(default_factory=dict)
    clocks: set[str] = field(default_factory=set)


Library = Mapping[str, Model]

BY_PARAMETERS = {"DSP48", "DSP48A", "DSP48A1", "DSP48E1"}
"""Cells whose arcs depend on their parameters, so that those of the bare model would be wrong."""


def number(text: Any) -> int | None:
    """A parameter's bits as a number; None where some are unknown."""
    return int(text, 2) if isinstance(text, str) and text and set(text) <= {"0", "1"} else None


def load(path: Path) -> dict[str, Model]:
    """The models of a file that Yosys wrote from its cell library. Raises SpikeLoomError where it
    is none.
    """
    try:
        modules = json.loads(path.read_text(encoding="utf-8"))["modules"]
        known = {
            name: model(module) for name, module in modules.items() if name not in BY_PARAMETERS
        }
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
    ) as error:
        raise broken(
            str(path), f"found no cell models ({type(error).__name__}: {error})"
        ) from error
    known = {name: one for name, one in known.items() if one.through or one.launch or one.capture}
    completed(known)
    return {**known, **stand_ins(known)}


def model(module: Mapping[str, Any]) -> Model:
    """Arcs of a module with specify blocks. Conditions are not looked at: the slowest of them is
    what an arc takes.
    """
    pins = {
        wire: (name, k)
        for name, port in module["ports"].items()
        for k, wire in enumerate(port["bits"])
    }
    found = Model()
    cells = [cell for cell in module["cells"].values() if cell["type"].startswith("$spec")]
    for cell in cells:
        if cell["type"] == "$specrule" and cell["parameters"]["TYPE"].startswith("$setup"):
            limit = number(cell["parameters"]["T_LIMIT_MAX"])
            found.clocks |= {pins[wire][0] for wire in cell["connections"]["DST"]}
            for wire in cell["connections"]["SRC"]:
                longest(found.capture, pins[wire], limit)
    for cell in cells:
        if cell["type"] == "$specrule":
            continue
        delays = [number(cell["parameters"][key]) for key in ("T_RISE_MAX", "T_FALL_MAX")]
        delay = None if None in delays else max(d for d in delays if d is not None)
        for source, sink in pairs(cell, pins):
            if cell["type"] == "$specify2":
                longest(found.through, (source, sink), delay)
            elif source[0] in found.clocks:
                longest(found.launch, sink, delay)
    return found


def longest(times: dict[Any, int], key: Any, time: int | None) -> None:
    if time is not None:
        times[key] = max(time, times.get(key, 0))


def pairs(cell: Mapping[str, Any], pins: Mapping[int, Pin]) -> Iterator[tuple[Pin, Pin]]:
    """From which pins to which an arc leads: bit to bit, or all to all."""
    sources, sinks = ([pins[wire] for wire in cell["connections"][port]] for port in ("SRC", "DST"))
    full = number(cell["parameters"]["FULL"]) or len(sources) != len(sinks)
    return product(sources, sinks) if full else iter(zip(sources, sinks, strict=True))


Renamed = Callable[[Pin], list[Pin]]


def like(known: Model, renamed: Renamed) -> Model:
    """A model with other names of its pins; a pin may become several, or none."""
    made = Model(clocks={name for clock in known.clocks for name, _ in renamed((clock, 0))})
    for (source, sink), time in known.through.items():
        for new_source, new_sink in zip(renamed(source), renamed(sink), strict=False):
            longest(made.through, (new_source, new_sink), time)
    for old, new in ((known.launch, made.launch), (known.capture, made.capture)):
        for pin, time in old.items():
            for name in renamed(pin):
                longest(new, name, time)
    return made


def eight_wide(pin: Pin) -> list[Pin]:
    """A memory of four LUTs as one of eight: the last one takes the address that is written."""
    name, bit = pin
    head, last = name[:-1], name[-1]
    if head not in ("DO", "DI", "ADDR"):
        return [pin]
    return [
        (head + letter, bit)
        for letter in ("H" if last == "D" else "ADEFG" if last == "A" else last)
    ]


def single_port(pin: Pin) -> list[Pin]:
    """A memory that reads where it writes as one with a second read port, without that."""
    name, bit = pin
    if name.startswith("DP"):
        return []
    return [("O", 0) if name == "SPO" else (f"A{bit}", 0) if name == "A" else pin]


BLOCK_PORTS = {
    "DOADO": "DOUTADOUT",
    "DOBDO": "DOUTBDOUT",
    "DOPADOP": "DOUTPADOUTP",
    "DOPBDOP": "DOUTPBDOUTP",
    "DIADI": "DINADIN",
    "DIBDI": "DINBDIN",
    "DIPADIP": "DINPADINP",
    "DIPBDIP": "DINPBDINP",
}
"""Ports of a 7-series block memory, as UltraScale+ calls them."""


def block(pin: Pin) -> list[Pin]:
    return [(BLOCK_PORTS.get(pin[0], pin[0]), pin[1])]


STAND_INS: dict[str, tuple[str, Renamed]] = {
    "RAM32M16": ("RAM32M", eight_wide),
    "RAM64M8": ("RAM64M", eight_wide),
    "RAM32X1S": ("RAM32X1D", single_port),
    "RAM64X1S": ("RAM64X1D", single_port),
    "RAM128X1S": ("RAM128X1D", single_port),
    "RAMB18E2": ("RAMB18E1", block),
    "RAMB36E2": ("RAMB36E1", block),
}


SIXTH_INPUT = 127
"""Picoseconds through the fastest input of a LUT: what Yosys' model of RAM64M leaves out."""


def completed(known: Mapping[str, Model]) -> None:
    """Add the arcs of the sixth address bit of RAM64M where they are missing."""
    if "RAM64M" in known:
        for letter in "ABCD":
            known["RAM64M"].through.setdefault(
                ((f"ADDR{letter}", 5), (f"DO{letter}", 0)), SIXTH_INPUT
            )


def stand_ins(known: Mapping[str, Model]) -> dict[str, Model]:
    """Models for cells that Yosys has none for, from those that are built alike."""
    return {
        name: like(known[other], renamed)
        for name, (other, renamed) in STAND_INS.items()
        if name not in known and other in known
    }
