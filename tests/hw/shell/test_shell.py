"""The whole shell around a stand-in for the network and around a real one."""

from __future__ import annotations

import numpy as np
import pytest
from spikeloom import golden
from spikeloom.cycles import simulate
from spikeloom.cycles.timing import BACK_TO_BACK, ONE_AT_A_TIME
from spikeloom_hw.emit import manifest as describe
from spikeloom_hw.top import Top

from tests.networks import random_plan, random_words

from .board import Board, fill, play
from .memory import Memory
from .small import toy, works


@pytest.mark.parametrize("width", [64, 128])
@pytest.mark.parametrize("memory", [{}, {"latency": (1, 60), "stall": 0.3}])
def test_a_job(width: int, memory: dict) -> None:
    inner, manifest = toy(width)

    async def story(board: Board) -> None:
        assert await board.get("magic") == 0x4D4C5053
        for count in (1, 7, 2):
            await works(board, count)

    play(manifest, inner, Memory(width, **memory), story)


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("seed", [24, 30, 31])
def test_a_network(seed: int, single: bool) -> None:
    """With a memory that never waits: values are the golden model's, every cycle and count the cycle model's."""
    rng = np.random.default_rng(seed)
    plan = random_plan(rng, 3)
    words = random_words(rng, plan.graph, 3, 0.4)
    manifest = describe(plan, "")
    timing = simulate(plan, words, ONE_AT_A_TIME if single else BACK_TO_BACK)
    expected = golden.trace(plan.graph, words)[plan.graph.output.name]

    async def story(board: Board) -> None:
        fill(manifest, board.memory, words)
        await board.start(len(words), single=single)
        assert await board.wait() == {"done"}
        np.testing.assert_array_equal(board.results(len(words)), expected.transpose(0, 2, 3, 1).reshape(len(words), -1))
        latency = (timing.last - timing.first + 1).tolist()
        interval = np.diff(timing.last).tolist()
        assert await board.log(len(words)) == list(zip(latency, [0, *interval], strict=True))
        assert await board.get("latency_min") == min(latency) and await board.get("latency_max") == max(latency)
        assert await board.get("latency_sum") == sum(latency) and await board.get("latency_count") == len(latency)
        assert await board.get("interval_min") == min(interval) and await board.get("interval_max") == max(interval)
        assert await board.get("interval_sum") == sum(interval) and await board.get("interval_count") == len(interval)
        assert {name: await board.counter(address) for name, address in manifest.counters.items()} == timing.counters()

    play(manifest, Top(plan), Memory(), story)
