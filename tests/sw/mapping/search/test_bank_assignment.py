"""Channels dealt to banks: an order of them all, no slower than one after the other, and measured
as the cycle model counts.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom.ir import golden
from spikeloom.ir.graph import Graph
from spikeloom.ir.neurons import Raw
from spikeloom.ir.nodes import Input, Layer
from spikeloom.ir.number import Code, Ints
from spikeloom.mapping.cycle_model.scan import Work
from spikeloom.mapping.estimate.cycles import evenly
from spikeloom.mapping.plan import plan_file
from spikeloom.mapping.plan.plan import Folding, Plan, Stage
from spikeloom.mapping.search.bank_assignment import deal, dealt, passes
from spikeloom.mapping.search.schedule import density_of

from tests.networks import plan_of, random_plan, random_words


def busy(stage: Stage, words: Ints) -> float:
    work = Work(stage, words)
    return float(np.mean([sum(cost for cost, _, _ in work.image(k)) for k in range(len(words))]))


def events(plan: Plan) -> list[Stage]:
    return [stage for stage in plan.stages if stage.folding.body == "event"]


def measured(seed: int) -> tuple[Plan, dict[str, Ints]]:
    """A random plan that is not dealt yet, and the words of its nodes."""
    plan = replace(random_plan(seed), dealing={})
    trace = golden.trace(plan.graph, random_words(np.random.default_rng(seed), plan.graph, 4))
    return replace(plan, density=density_of(plan.graph, trace)), trace


@pytest.mark.parametrize("seed", range(12))
def test_measured_cycles_are_those_of_the_cycle_model(seed: int) -> None:
    plan, trace = measured(seed)
    found = dealt(plan, trace)
    for before, after in zip(events(plan), events(found), strict=True):
        source = trace[before.layer.source]
        flags = passes(before, source)
        assert sorted(after.dealt) == list(range(after.folding.group))
        if flags.shape[1] < 4 * before.positions * before.groups * before.planes:
            continue  # not all passes were looked at
        _, cycles = deal(before, flags)
        assert cycles * before.positions * before.folds * before.planes == pytest.approx(
            busy(after, source), rel=1e-9
        )
        assert busy(after, source) <= busy(before, source)


def one_layer(folding: Folding) -> Plan:
    zero = np.zeros(2, dtype=np.int64)
    weight = np.ones((2, 8, 1, 1), dtype=np.int64)
    graph = Graph(
        "pairs",
        (
            Input("x", (8, 1, 1), (8,), Code(1)),
            Layer("fc", "x", weight, Raw(None), zero, zero, zero),
        ),
    )
    return replace(plan_of(graph, {"fc": folding}), density={"x": 0.25})


def test_channels_that_fire_together_go_to_different_banks() -> None:
    """Of channels c and c + 4 both fire or none does, two pairs at a time: in four banks of two,
    the best is to part them all.
    """
    rng = np.random.default_rng(0)
    pairs = np.array([rng.permutation([1, 1, 0, 0]) for _ in range(200)])
    words = np.concatenate([pairs, pairs], axis=1).reshape(200, 8, 1, 1)
    plan = one_layer(Folding("event", 8, 4, elements=2))
    assert busy(plan["fc"], words) == 2  # 0 and 4 share the first bank
    found = dealt(plan, {"x": words})
    assert busy(found["fc"], words) < 1.7
    assert found.spread["fc"] * evenly(plan["fc"], 0.25) == pytest.approx(
        busy(found["fc"], words), rel=1e-3
    )


@pytest.mark.parametrize("dealing", [(0, 1, 2), (0, 0, 1, 2, 3, 4, 5, 6), tuple(range(1, 9))])
def test_a_dealing_that_is_no_order_is_refused(dealing: tuple[int, ...]) -> None:
    with pytest.raises(SpikeLoomError, match="fc: dealing must be an order of the 8 channels"):
        _ = replace(one_layer(Folding("event", 8, 4, elements=2)), dealing={"fc": dealing}).stages
    with pytest.raises(SpikeLoomError, match="event body"):
        _ = replace(one_layer(Folding("dense", 8)), dealing={"fc": tuple(range(8))}).stages


def test_a_dealing_is_kept_on_disk(tmp_path: Path) -> None:
    words = np.random.default_rng(0).integers(0, 2, (4, 8, 1, 1))
    found = dealt(one_layer(Folding("event", 8, 4, elements=2)), {"x": words})
    assert found.dealing and found.spread
    plan_file.save(found, tmp_path)
    read = plan_file.load(tmp_path)
    assert (read.dealing, read.spread) == (found.dealing, found.spread)
    assert plan_file.hashes(read) == plan_file.hashes(found)
