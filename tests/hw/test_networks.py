"""Random networks in Amaranth's simulator: outputs equal the golden model's, times and counters the
cycle model's.
"""

from __future__ import annotations

import numpy as np
import pytest
from spikeloom.ir import golden
from spikeloom.mapping.cycle_model import simulate
from spikeloom.mapping.cycle_model.timing import BACK_TO_BACK, ONE_AT_A_TIME

from tests.hw.bench import run
from tests.networks import random_plan, random_words


@pytest.mark.parametrize("seed", range(100, 112))
def test_random_network(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng)
    graph = plan.graph
    words = random_words(rng, graph, 2, 0.4)
    expected = golden.trace(graph, words)[graph.output.name]
    for single in (True, False):
        played = run(plan, words, single=single)
        timing = simulate(plan, words, ONE_AT_A_TIME if single else BACK_TO_BACK)
        assert np.array_equal(played.values, expected)
        assert (played.first, played.last) == (timing.first.tolist(), timing.last.tolist())
        assert played.counters == timing.counters()
    stalled = run(plan, words, idle=0.4, stall=0.6, seed=seed)
    assert np.array_equal(stalled.values, expected)
