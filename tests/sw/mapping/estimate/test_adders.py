"""The adder trees of the cost model against those that the hardware builds, bit by bit of their
registers.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from amaranth import Cat, Fragment, Module, Mux, Signal, Value, signed
from spikeloom.mapping.estimate.adders import added
from spikeloom.mapping.plan.plan import Folding, Stage
from spikeloom_hw.lib.adder_tree import tree as built

from tests.networks import random_plan
from tests.synthesis.wide import Wide, wide


def term(stage: Stage, k: int) -> Value:
    """What one lane of a body hands to the tree, as wide as there."""
    weight, gate = Signal(signed(stage.weight_width), name=f"weight{k}"), Signal(name=f"gate{k}")
    if stage.binary:
        return Cat(gate, gate & ~weight[0]).as_signed()
    return weight if stage.zero_row is not None else Mux(gate, weight, 0)


def registers(stage: Stage) -> int:
    """Bits of all registers of one tree of the hardware."""
    m, terms = Module(), [term(stage, k) for k in range(stage.lanes)]
    built(
        m,
        terms,
        width=stage.acc_width,
        first=stage.first_terms,
        cycles=stage.tree_cycles,
        name="sum",
    )
    statements = Fragment.get(m, None).statements["sync"]
    return sum(
        len(signal)
        for signal in {
            id(s): s for statement in statements for s in statement._lhs_signals()
        }.values()
    )


def stages() -> Iterator[Stage]:
    """All but parallel bodies and weights of a single bit, whose registers Yosys makes narrower
    than they are written.
    """
    found = [body.stage for body in wide() if body.what == "body"] + [
        stage for seed in range(40) for stage in random_plan(seed).stages
    ]
    return (
        stage
        for stage in found
        if stage.folding.body in ("event", "dense", "depthwise") and stage.weight_width > 1
    )


def test_registers_are_those_of_the_hardware() -> None:
    seen = set()
    for stage in stages():
        found = added(stage)
        assert found.registers + found.shared == registers(stage), (stage.name, stage.folding)
        seen.add(
            (
                stage.folding.body,
                stage.binary,
                stage.zero_row is not None,
                min(stage.first_terms, 3),
                min(stage.tree_cycles, 2),
            )
        )
    assert {body for body, *_ in seen} == {"event", "dense", "depthwise"} and len(seen) > 10


@pytest.mark.parametrize("weight_bits", [1, 2, 4])
def test_more_lanes_are_never_cheaper(weight_bits: int) -> None:
    costs = []
    for banks in (1, 2, 4, 8, 16, 32):
        found = added(Wide(64, 64, weight_bits, 2, Folding("event", 64, banks, 2, 16)).stage)
        costs.append((sum(found.amounts.values()), found.registers + found.shared))
    assert costs == sorted(costs) and all(amount >= 16 for amount, _ in costs[3:])
    assert [second for _, second in costs] == sorted(second for _, second in costs)
