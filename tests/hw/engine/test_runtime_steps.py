"""Fewer time steps in Amaranth's simulator: outputs are the golden model's, times and counters the
cycle model's, at every number.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spikeloom.ir import golden
from spikeloom.ir.fewer_steps import most_steps
from spikeloom.ir.graph import Graph
from spikeloom.mapping.cycle_model import BACK_TO_BACK, ONE_AT_A_TIME, simulate

from tests.hw.bench import run
from tests.networks import plan_of, random_foldings, random_words
from tests.sw.ir.test_fewer_steps import networks


@pytest.mark.parametrize(("seed", "graph"), list(networks(3, 300, 300)))
def test_random_network(seed: int, graph: Graph) -> None:
    rng = np.random.default_rng(seed)
    plan = replace(plan_of(graph, random_foldings(rng, graph)), fewer_steps=True)
    words = random_words(rng, graph, 2, 0.4)
    for steps in range(1, most_steps(graph) + 1):
        fewer, single = plan.with_steps(steps), bool(steps % 2)
        played = run(plan, words, single=single, steps=steps)
        timing = simulate(fewer, words, ONE_AT_A_TIME if single else BACK_TO_BACK)
        assert np.array_equal(played.values, golden.trace(fewer.graph, words)[graph.output.name]), (
            steps
        )
        assert (played.first, played.last) == (timing.first.tolist(), timing.last.tolist()), steps
        assert played.counters == timing.counters(), steps
