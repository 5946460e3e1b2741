"""Cells are counted as the LUTs, registers and memories that they take; damaged netlists are
refused.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from spikeloom.backend.yosys import arcs, netlist, paths, yosys
from spikeloom.backend.yosys.cells import NOTHING, Taken, taken
from spikeloom.backend.yosys.netlist import WIRE
from spikeloom.errors import SpikeLoomError


def counted(modules: dict[str, Any], top: str) -> Taken:
    found = [
        taken(cell.kind) for cell in netlist.take_apart(modules, top).cells if cell.kind != WIRE
    ]
    assert None not in found
    return sum((cost for cost in found if cost is not None), NOTHING)


def test_every_kind_of_cell(modules: dict[str, Any]) -> None:
    """LUTs: one each of LUT1, LUT6, LUT6_2 and INV, then 4 + 4 + 2 + 4 + 1 + 1 + 8 of memories and
    shift registers.
    """
    assert counted(modules, "counted") == Taken(
        lut=4 + 24, lutram=24, ff=2, ramb18=3, uram=0, dsp=1
    )


def test_modules_within_modules_are_counted_as_often_as_they_are(modules: dict[str, Any]) -> None:
    assert counted(modules, "chain12") == Taken(lut=12, ff=2) and counted(
        modules, "nested"
    ) == Taken(lut=3, ff=2)
    places = Counter(
        cell.place
        for cell in netlist.take_apart(modules, "nested").cells
        if cell.kind.startswith("LUT")
    )
    assert places == {("one",): 1, ("two",): 1, ("three",): 1}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("URAM288", Taken(uram=1)), ("DSP48E2", Taken(dsp=1)), ("RAMB36E2", Taken(ramb18=2))],
)
def test_cells_of_ultrascale(kind: str, expected: Taken) -> None:
    assert taken(kind) == expected


def test_cells_that_take_nothing() -> None:
    kinds = "CARRY4 CARRY8 MUXF7 MUXF8 MUXF9 VCC GND BUFG IBUF PS7".split()
    assert not [kind for kind in kinds if taken(kind) != NOTHING]


def test_unknown_cells_are_not_guessed() -> None:
    kinds = ("", "LUT7", "$_DFF_P_", "RAM32", "FDRESS", "LUT6X", "$mul")
    assert not [kind for kind in kinds if taken(kind) is not None]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"modules"', "{}", '{"modules": 3}', "[" * 100_000, "\x00\xff"]
)
def test_files_that_are_no_netlist(tmp_path: Path, text: str) -> None:
    (tmp_path / "n.json").write_text(text, encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="netlist written by Yosys"):
        netlist.load(tmp_path / "n.json")
    with pytest.raises(SpikeLoomError, match="cell models"):
        arcs.load(tmp_path / "n.json")


def test_missing_top(modules: dict[str, Any]) -> None:
    with pytest.raises(SpikeLoomError, match="no module 'shell'"):
        netlist.take_apart(modules, "shell")


def test_a_module_within_itself(modules: dict[str, Any]) -> None:
    bad = copy.deepcopy({name: modules[name] for name in ("chain12",)})
    bad["chain12"]["cells"]["inner"]["type"] = "chain12"
    with pytest.raises(SpikeLoomError, match="within each other"):
        netlist.take_apart(bad, "chain12")


def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of everything within nested data."""
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [spot for key, inner in items for spot in ((*path, key), *spots(inner, (*path, key)))]


def test_damaged_netlists_never_end_in_another_error(
    modules: dict[str, Any], library: arcs.Library
) -> None:
    """Anything anywhere replaced by anything: an answer, or one line."""
    names = ("nested", "through", "FDRE", "LUT2")
    text = json.dumps({name: modules[name] for name in names})
    places = spots(json.loads(text))
    rng, outcomes = random.Random(5), Counter[str]()
    for _ in range(1500):
        bad = json.loads(text)
        *way, last = rng.choice(places)
        inner = bad
        for key in way:
            inner = inner[key]
        junk = [None, 3, -1, "x", "0", [], {}, [[]], [2, 2], {"a": 1}, 1.5, "nested"]
        inner[last] = rng.choice(junk)
        try:
            paths.analyse(netlist.take_apart(bad, "nested"), library, lambda place: ("", ""))
            outcomes["answer"] += 1
        except SpikeLoomError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
    assert min(outcomes["answer"], outcomes["refused"]) > 100


def test_family_that_is_not_known() -> None:
    with pytest.raises(SpikeLoomError, match="expected one of xc7, xcup"):
        yosys.synthesis_script(["a.v"], "a", "ice40")
