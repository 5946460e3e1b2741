"""What weights lie in is said to the synthesis by attributes, and changes nothing else of the
Verilog.
"""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code
from spikeloom.mapping.plan.headroom import with_room
from spikeloom.mapping.plan.plan import Folding, Plan
from spikeloom_hw.engine.stage import accumulators
from spikeloom_hw.verilog import converted

from tests.networks import plan_of, random_plan

ATTRIBUTE = re.compile(r"^ *\(\* (?:ram|rom)_style = .*\*\)\n", re.MULTILINE)


def kinds(plan: Plan, kind: str) -> Plan:
    """The plan with all weights in memories of one kind."""
    return plan.folded(
        {n: f if f.body == "max" else replace(f, weights=kind) for n, f in plan.foldings.items()}
    )


def loadable(plan: Plan) -> Plan:
    graph, rooms = with_room(plan.graph)
    return replace(plan, graph=graph, rooms=rooms)


def body(plan: Plan) -> str:
    """Verilog of its only body."""
    return converted(accumulators(plan.stages[0]), "body")


def linear(folding: Folding) -> Plan:
    """One layer of eight inputs and four outputs."""
    zero = np.zeros(4, dtype=np.int64)
    weight = np.arange(-16, 16, dtype=np.int64).reshape(4, 8, 1, 1)
    graph = Graph(
        "linear",
        (
            Input("x", (8, 1, 1), (8,), Code(2)),
            Layer("fc", "x", weight, Raw(None), zero, zero, zero),
        ),
    )
    return plan_of(graph, {"fc": folding})


@pytest.mark.parametrize(
    "folding", [Folding("event", 8, 2, 2, 2), Folding("parallel", 2)], ids=lambda f: f.body
)
@pytest.mark.parametrize("free", [False, True])
def test_attributes_are_all_that_changes(folding: Folding, free: bool) -> None:
    plan = loadable(linear(folding)) if free else linear(folding)
    plain = body(plan)
    assert not ATTRIBUTE.search(plain)
    for kind, names, values in (
        (
            "lut",
            {"ram"} if free else {"ram", "rom"},
            {"distributed"} if free else {"registers", "distributed"},
        ),
        ("block", {"ram"} if free else {"rom"}, {"block"}),
    ):
        styled = body(kinds(plan, kind))
        assert ATTRIBUTE.sub("", styled) == plain
        found = re.findall(r'(ram|rom)_style = "(\w+)"', styled)
        assert ({name for name, _ in found}, {value for _, value in found}) == (names, values)


def test_a_kind_that_is_none_is_refused() -> None:
    plan = random_plan(0)
    name = next(name for name, folding in plan.foldings.items() if folding.body != "max")
    with pytest.raises(
        SpikeLoomError, match="weights must lie in one of auto, lut, block, got ultra"
    ):
        ultra = replace(plan.foldings[name], weights="ultra")
        _ = plan.folded(plan.foldings | {name: ultra}).stages


def test_a_pool_has_no_weights() -> None:
    plan = next(
        plan
        for plan in map(random_plan, range(99))
        if any(f.body == "max" for f in plan.foldings.values())
    )
    name = next(name for name, folding in plan.foldings.items() if folding.body == "max")
    with pytest.raises(SpikeLoomError, match="no weights"):
        in_luts = replace(plan.foldings[name], weights="lut")
        _ = plan.folded(plan.foldings | {name: in_luts}).stages


def test_the_default_is_the_synthesis_own_choice() -> None:
    assert Folding("event", 8).weights == "auto"
