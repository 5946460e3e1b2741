"""Cycles at a given density: random spikes in every stream, all bits set at worst."""

from __future__ import annotations

import numpy as np
from spikeloom.bench.published.densities import interval_at, random_trace
from spikeloom.ir.golden import trace
from spikeloom.mapping.cycle_model import BACK_TO_BACK, simulate, simulate_trace

from tests.networks import random_plan, random_words


def test_share_of_set_bits() -> None:
    plan = random_plan(3)
    for density in (0.0, 0.3, 1.0):
        words = random_trace(plan, density, images=30)
        assert set(words) == set(plan.graph.shapes)
        for name, code in plan.graph.codes.items():
            if code is not None and words[name].size > 300:
                planes = code.planes(words[name])
                assert abs(planes.mean() - density) < 0.1, name
                assert density not in (0.0, 1.0) or (planes == density).all()


def test_all_bits_set_takes_longest() -> None:
    """In an event layer, against no bit set; between the two a pipeline may fill unevenly."""
    longer = 0
    for seed in range(8):
        plan = random_plan(seed)
        none, all_ = interval_at(plan, 0.0), interval_at(plan, 1.0)
        assert none <= all_, seed
        longer += none < all_
    assert longer


def test_a_real_trace_gives_what_the_words_give() -> None:
    plan = random_plan(8)
    words = random_words(np.random.default_rng(0), plan.graph, 3)
    one, two = (
        simulate(plan, words, BACK_TO_BACK),
        simulate_trace(plan, trace(plan.graph, words), BACK_TO_BACK),
    )
    assert one.last.tolist() == two.last.tolist() and one.counters() == two.counters()
