"""The bit-parallel plan of as many LUTs: what is in it, how large it is, and that no word costs
more for its spikes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spikeloom.bench.published import baseline
from spikeloom.bench.published.baseline import NEAR, match, smallest
from spikeloom.bench.published.densities import interval_at
from spikeloom.bench.published.parallel import multiplier_kinds
from spikeloom.bench.published.row import time_steps
from spikeloom.errors import SpikeLoomError
from spikeloom.ir.nodes import Layer
from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.cycles import network_interval
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.search.budget import total
from spikeloom.progress import silent

from tests.default_networks import DENSITY, FOLDINGS, default_graph

SIZES = (12_000, 16_000)


def event_plan(name: str = "digits-cnn") -> Plan:
    return Plan(
        default_graph(name), dict(FOLDINGS[name]), "pynq-z2", 100.0, DENSITY[name], "measured"
    )


@pytest.fixture(scope="module")
def matches():
    return [match(event_plan(), lut, silent) for lut in SIZES]


def test_every_layer_is_parallel_where_it_can_be(matches):
    for found in matches:
        bodies = {stage.name: stage.folding.body for stage in found.plan.stages}
        assert found.others == ("pool1", "depthwise", "pool2")
        assert {name for name, body in bodies.items() if body != "parallel"} == set(found.others)
        assert bodies["pool1"] == "max" and bodies["depthwise"] == bodies["pool2"] == "depthwise"


def test_the_network_is_the_same(matches):
    plan = event_plan()
    for found in matches:
        assert (found.plan.board, found.plan.clock_mhz) == (plan.board, plan.clock_mhz)
        for node, other in zip(plan.graph.nodes, found.plan.graph.nodes, strict=True):
            assert node.name == other.name
            if isinstance(node, Layer):
                assert np.array_equal(node.weight, other.weight) and np.array_equal(
                    node.beta, other.beta
                )


def test_size_is_the_one_wanted_or_a_note_says_why(matches):
    for lut, found in zip(SIZES, matches, strict=True):
        assert found.need == total(found.plan) and found.wanted == lut
        assert found.need.lut <= lut * (1 + NEAR)
        assert bool(found.note) == (found.need.lut < lut * (1 - NEAR))
    assert any(found.note for found in matches)
    assert "the next faster folding takes more than" in next(
        found.note for found in matches if found.note
    )


def test_more_logic_is_never_slower_and_less_is_slower(matches):
    cycles = [network_interval(found.plan) for found in matches]
    assert cycles[0] > cycles[1]
    least = match(event_plan(), total(smallest(event_plan())).lut, silent)
    assert network_interval(least.plan) > cycles[0]


def test_the_next_faster_one_is_larger_than_wanted(matches):
    for found in matches:
        assert network_interval(found.larger) < network_interval(found.plan)
        assert total(found.larger).lut > found.wanted * (1 + NEAR)
        assert {stage.folding.body for stage in found.larger.stages} == {
            stage.folding.body for stage in found.plan.stages
        }


def test_no_single_layer_could_be_wider_for_a_faster_plan_of_that_size(matches):
    """Twice the elements of the slowest layer, by hand, is too large wherever it is faster."""
    for found in matches:
        slowest = max(
            found.plan.stages,
            key=lambda stage: stage.positions * stage.folds * stage.planes * stage.pass_words,
        )
        for change in (
            {"elements": 2 * slowest.folding.elements},
            {"windows": 2 * slowest.folding.windows},
        ):
            try:
                wide = {slowest.name: replace(slowest.folding, **change)}
                wider = found.plan.folded(found.plan.foldings | wide)
                need, cycles = total(wider), network_interval(wider)
            except SpikeLoomError:
                continue
            assert cycles >= network_interval(found.plan) or need.lut > found.wanted * (1 + NEAR), (
                slowest.name,
                change,
            )


def test_cycles_do_not_depend_on_the_spikes():
    """In digits-mlp, where every layer is parallel; the event plan's do."""
    plan = event_plan("digits-mlp")
    found = match(plan, 14_000, silent)
    assert not found.others
    assert interval_at(found.plan, 0.05) == interval_at(found.plan, 0.9)
    assert interval_at(plan, 0.05) < interval_at(plan, 0.9)


def test_what_multiplies(matches):
    """Words and weights of 4 bits: eight bits are not enough for a DSP. The sums of a pool have 6
    bits, the image of events 8.
    """
    assert multiplier_kinds(matches[0].plan) == {
        "conv1": "LUT",
        "conv2": "LUT",
        "pointwise": "LUT",
        "fc": "DSP",
    }
    wide = match(event_plan("events-cnn"), 20_000, silent)
    assert multiplier_kinds(wide.plan)["conv1"] == "DSP" and wide.need.dsp > 0


def test_planes_of_a_sum_are_no_time_steps():
    """Four words of four bits, summed, travel on six planes."""
    plan = event_plan()
    assert max(stage.o_code.steps for stage in plan.stages if stage.o_code is not None) == 6
    assert time_steps(plan) == 4 and time_steps(event_plan("events-cnn-lif")) == 8


def test_too_small_is_refused():
    least = total(smallest(event_plan())).lut
    with pytest.raises(
        SpikeLoomError,
        match=rf"no bit-parallel plan takes 5,000 LUT or less by estimate, the smallest {least:,}",
    ):
        match(event_plan(), 5_000, silent)


def test_a_spike_train_has_no_such_body():
    with pytest.raises(
        SpikeLoomError,
        match=r"^conv1: has no bit-parallel body: its input is no binary number \(base 1\)",
    ):
        match(event_plan("events-cnn-lif"), 30_000, silent)


def test_why():
    need, most = Cost(lut=900, dsp=200, bram18=7), Cost(lut=1000, dsp=220, bram18=280)
    assert baseline.limited_by("", need, most) == "no folding is faster"
    assert (
        baseline.limited_by("DSP", need, most)
        == "the next faster folding takes more than the 220 DSP allowed, this one 200"
    )
