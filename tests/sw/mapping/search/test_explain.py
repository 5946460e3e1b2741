"""Why a plan is folded as it is: other foldings are legal, cost what is said, and are on the side
that is said.
"""

from __future__ import annotations

import numpy as np
import pytest
from spikeloom.interface.boards import find_board
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.cycles import limits, network_interval
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.search.budget import allowed, total
from spikeloom.mapping.search.costs import vector
from spikeloom.mapping.search.explain import Other, reasons
from spikeloom.mapping.search.prices import size
from spikeloom.mapping.search.schedule import schedule
from spikeloom.report import foldings

from tests.networks import random_graph


def planned(seed: int) -> Plan:
    return schedule(random_graph(seed), "pynq-z2", max_throughput=bool(seed % 2))


def changed(plan: Plan, name: str, other: Other) -> Plan:
    return plan.folded(plan.foldings | {name: other.folding})


@pytest.mark.parametrize("seed", range(8))
def test_others_are_what_is_said_of_them(seed: int) -> None:
    plan = planned(seed)
    most, found = allowed(find_board("pynq-z2"), None), reasons(plan)
    assert found.need == total(plan) and found.slowest.cycles == network_interval(plan)
    assert [reason.stage.name for reason in found.stages] == [stage.name for stage in plan.stages]
    residual = any(edge.port != "i" for edge in plan.edges)
    for reason in found.stages:
        name = reason.stage.name
        own = [limit for limit in limits(plan) if limit.stage == name]
        assert reason.limit in own and reason.limit.cycles == max(limit.cycles for limit in own)
        for other, slower in ((reason.faster, False), (reason.smaller, True)):
            if other is None:
                continue
            made = changed(plan, name, other)
            assert (
                (other.cycles > network_interval(plan))
                if slower
                else (other.cycles < reason.limit.cycles)
            )
            after = max(
                limit.cycles
                for limit in limits(made)
                if limit.stage == name and limit.what not in ("skip input", "output")
            )
            assert np.isclose(after, other.cycles) or after <= network_interval(plan)
            if not residual:
                assert np.allclose(
                    vector(total(made)) - vector(total(plan)),
                    vector(other.more),
                    atol=len(plan.stages) + 4,
                )
            if slower:
                assert size(vector(found.need) + vector(other.more), vector(most)) < size(
                    vector(found.need), vector(most)
                )


def test_the_file_is_the_same_twice_and_in_words() -> None:
    plan = planned(1)
    first = foldings.contents(plan, reasons(plan))
    assert first == foldings.contents(plan, reasons(plan)) and first["source"] == "estimated"
    assert first["total"] == {
        unit: getattr(total(plan), field) for unit, field in foldings.UNITS.items()
    }
    for row, stage in zip(foldings.table(first).rows, plan.stages, strict=True):
        assert row[0] == stage.name and row[1].startswith(stage.folding.body)


def test_nothing_is_faster_than_the_fastest_folding() -> None:
    """Every number at its largest: there is none beyond, and that is said."""
    plan = planned(0)
    name = plan.stages[0].name
    while (other := reasons(plan).stages[0].faster) is not None:
        plan = changed(plan, name, other)
    assert (
        foldings.neighbour_text(None) == "none"
        and foldings.table(foldings.contents(plan, reasons(plan))).rows[0][3] == "none"
    )
    assert isinstance(total(plan), Cost)
