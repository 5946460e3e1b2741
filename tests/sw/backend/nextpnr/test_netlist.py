"""What Yosys leaves is what open place and route knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spikeloom.backend.nextpnr import steps as opensteps


def netlist(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / opensteps.NETLIST).read_text(encoding="utf-8"))[
        "modules"
    ][opensteps.TOP]
    return found


def test_yosys_leaves_what_open_place_and_route_knows(synthesised: Path) -> None:
    top = netlist(synthesised)
    kinds = [cell["type"] for cell in top["cells"].values()]
    assert kinds.count("PS7") == 1 and kinds.count("BUFG") == 1 and not top["ports"]
    allowed = (
        "BUFG",
        "CARRY4",
        "FDCE",
        "FDPE",
        "FDRE",
        "FDSE",
        "GND",
        "INV",
        "MUXF7",
        "MUXF8",
        "PS7",
        "RAMB18E1",
        "RAMB36E1",
        "VCC",
    )
    assert {kind for kind in kinds if not kind.startswith("LUT")} <= set(allowed)
    assert {kind for kind in kinds if kind.startswith("LUT")} <= {f"LUT{k}" for k in range(1, 7)}


def test_one_clock_and_it_is_the_buffered_one(synthesised: Path) -> None:
    cells = netlist(synthesised)["cells"]
    (buffer,) = (cell for cell in cells.values() if cell["type"] == "BUFG")
    (system,) = (cell for cell in cells.values() if cell["type"] == "PS7")
    assert buffer["connections"]["I"] == system["connections"]["FCLKCLK"][:1]
    clock = buffer["connections"]["O"]
    assert (
        system["connections"]["MAXIGP0ACLK"] == clock
        and system["connections"]["SAXIHP0ACLK"] == clock
    )
    pins = [
        cell["connections"][pin]
        for cell in cells.values()
        for pin in ("C", "CLKARDCLK", "CLKBWRCLK")
        if pin in cell["connections"]
    ]
    assert len(pins) > 100 and all(pin == clock or pin in (["0"], ["1"], ["x"]) for pin in pins)


def test_no_path_leads_through_between_two_pins_of_the_ps7(synthesised: Path) -> None:
    """What nextpnr has no delays for ends in a flip-flop: each output of the PS7 that is data, each
    input that is not a constant.
    """
    cells = netlist(synthesised)["cells"]
    (system,) = (cell for cell in cells.values() if cell["type"] == "PS7")
    registers = {
        bit
        for cell in cells.values()
        if cell["type"].startswith(("FD", "RAMB"))
        for bit in outputs(cell)
    }
    buffers = {
        bit for cell in cells.values() if cell["type"] == "BUFG" for bit in cell["connections"]["O"]
    }
    found = 0
    for pin, bits in system["connections"].items():
        if system["port_directions"][pin] != "input":
            continue
        for bit in bits:
            assert bit in ("0", "1", "x") or bit in registers or bit in buffers, pin
            found += bit in registers
    assert found > 200


def outputs(cell: dict[str, Any]) -> list[Any]:
    return [
        bit
        for pin, bits in cell["connections"].items()
        if cell["port_directions"][pin] == "output"
        for bit in bits
    ]
