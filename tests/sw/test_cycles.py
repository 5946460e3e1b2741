"""The cycle model against the engine played cycle by cycle, on random networks and foldings."""

from __future__ import annotations

import numpy as np
import pytest
from spikeloom import golden
from spikeloom.cycles import BACK_TO_BACK, ONE_AT_A_TIME, simulate
from spikeloom.plan import Plan

from tests.networks import random_plan, random_words
from tests.ticks import Machine


def play(plan: Plan, words: np.ndarray, mode: str, offers: list[int] | None = None, pattern: np.ndarray | None = None) -> None:
    """Both models, and equality of everything they tell."""

    def accepts(time: int) -> int:
        assert pattern is not None
        later = np.flatnonzero(pattern[time:])
        return time + int(later[0]) if len(later) else max(time, len(pattern))

    sink = accepts if pattern is not None else None
    timing = simulate(plan, words, mode, offers=offers, accepts=sink)
    machine = Machine(plan, words, mode == ONE_AT_A_TIME, offers, sink)
    machine.run(2 * int(timing.last[-1]) + 5000)
    assert machine.source.first == timing.first.tolist()
    assert machine.sink.last == timing.last.tolist()
    assert machine.counters() == timing.counters()
    shape = (len(words), *np.array(plan.graph.shapes[plan.graph.output.name])[[1, 2, 0]])
    trace = golden.trace(plan.graph, words)[plan.graph.output.name]
    assert machine.sink.values == trace.transpose(0, 2, 3, 1).reshape(-1).tolist(), shape


@pytest.mark.parametrize("seed", range(24))
def test_model_equals_the_engine_played(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng)
    words = random_words(rng, plan.graph, 3)
    play(plan, words, ONE_AT_A_TIME)
    play(plan, words, BACK_TO_BACK)


@pytest.mark.parametrize("seed", range(60, 76))
def test_with_gaps_and_stalls(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plan = random_plan(rng)
    words = random_words(rng, plan.graph, 3)
    beats = int(np.prod(words.shape)) // plan.input_group
    offers = np.cumsum(rng.integers(0, int(rng.choice((2, 4, 12))), beats)).tolist()
    pattern = rng.random(3000) < rng.choice((0.2, 0.5, 0.9))
    play(plan, words, BACK_TO_BACK, offers, pattern)
