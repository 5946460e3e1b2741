"""The whole shell around a stand-in for the network and around a real one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from spikeloom.ir import golden
from spikeloom.mapping.cycle_model import simulate
from spikeloom.mapping.cycle_model.timing import BACK_TO_BACK, ONE_AT_A_TIME
from spikeloom_hw.emit import manifest as describe
from spikeloom_hw.top import Top

from tests.hw.shell.board import Board, fill, play
from tests.hw.shell.memory import Memory
from tests.hw.shell.small import BEATS, OUTPUTS, toy, works
from tests.networks import random_plan, random_words
from tests.sim.toy import Toy


@pytest.mark.parametrize("width", [64, 128])
@pytest.mark.parametrize("memory", [{}, {"latency": (1, 60), "stall": 0.3}])
def test_a_job(width: int, memory: dict) -> None:
    inner, manifest = toy(width)

    async def story(board: Board) -> None:
        assert await board.get("magic") == 0x4D4C5053
        for count in (1, 7, 2):
            await works(board, count)

    play(manifest, inner, Memory(width, **memory), story)


def waits(
    images: int, beats: int = BEATS, outputs: int = OUTPUTS, **memory: Any
) -> tuple[int, int]:
    """input_wait and output_wait of one job."""
    inner = Toy(steps=5, group=3, beats=beats, outputs=outputs)
    found = []

    async def story(board: Board) -> None:
        await board.start(images)
        assert await board.wait() == {"done"}
        found.extend([await board.get("input_wait"), await board.get("output_wait")])
        await board.act("clear")
        assert await board.get("input_wait") == await board.get("output_wait") == 0

    play(inner.manifest(), inner, Memory(64, **memory), story)
    return found[0], found[1]


def test_waits() -> None:
    """A memory that is 150 cycles slower to begin costs so many cycles more; one that takes no
    results holds the network up.
    """
    fast, slow = waits(6), waits(6, latency=(151, 151))
    assert fast[0] > 0 and slow == (fast[0] + 150, 0) and fast[1] == 0
    assert waits(120, beats=1, outputs=7, latency=(400, 400))[1] > 100


def test_clear_and_log() -> None:
    """Figures go on from zero; the log has the images since."""
    inner, manifest = toy()

    async def story(board: Board) -> None:
        await works(board, 5)
        assert (
            await board.get("latency_count") == 5
            and await board.counter(manifest.counters["images"]) == 5
        )
        await board.act("clear")
        assert [
            await board.get(name)
            for name in ("latency_count", "interval_count", "latency_sum", "latency_max")
        ] == [0] * 4
        assert await board.get("latency_min") == await board.get("interval_min") == 0xFFFF_FFFF
        assert (
            await board.counter(manifest.counters["images"]) == 0
            and await board.log(5) == [(0, 0)] * 5
        )
        await works(board, 3)
        both = BEATS + OUTPUTS
        assert await board.log(4) == [(both, 0), (both, both), (both, both), (0, 0)]
        assert await board.get("cycle") > await board.get("job_cycles") > 3 * both

    play(manifest, inner, Memory(), story)


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("seed", [24, 30, 31])
def test_a_network(seed: int, single: bool) -> None:
    """With a memory that never waits: values are the golden model's, every cycle and count the
    cycle model's.
    """
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
        np.testing.assert_array_equal(
            board.results(len(words)), expected.transpose(0, 2, 3, 1).reshape(len(words), -1)
        )
        latency = (timing.last - timing.first + 1).tolist()
        interval = np.diff(timing.last).tolist()
        assert await board.log(len(words)) == list(zip(latency, [0, *interval], strict=True))
        assert await board.get("latency_min") == min(latency) and await board.get(
            "latency_max"
        ) == max(latency)
        assert await board.get("latency_sum") == sum(latency) and await board.get(
            "latency_count"
        ) == len(latency)
        assert await board.get("interval_min") == min(interval) and await board.get(
            "interval_max"
        ) == max(interval)
        assert await board.get("interval_sum") == sum(interval) and await board.get(
            "interval_count"
        ) == len(interval)
        assert {
            name: await board.counter(address) for name, address in manifest.counters.items()
        } == timing.counters()

    play(manifest, Top(plan), Memory(), story)


def test_a_network_on_a_slow_memory() -> None:
    """Values, spikes and operations do not depend on time."""
    rng = np.random.default_rng(24)
    plan = random_plan(rng, 3)
    words = random_words(rng, plan.graph, 3, 0.4)
    manifest = replace(describe(plan, ""), memory_width=128)
    counted = simulate(plan, words, BACK_TO_BACK).counters()
    expected = golden.trace(plan.graph, words)[plan.graph.output.name]

    async def story(board: Board) -> None:
        fill(manifest, board.memory, words)
        await board.start(len(words))
        assert await board.wait() == {"done"}
        np.testing.assert_array_equal(
            board.results(len(words)), expected.transpose(0, 2, 3, 1).reshape(len(words), -1)
        )
        for name, address in manifest.counters.items():
            if name == "images" or name.rpartition(".")[2].split("[")[0] in (
                "spikes",
                "nonzero",
                "synaptic",
            ):
                assert await board.counter(address) == counted[name], name

    play(manifest, Top(plan), Memory(128, (1, 80), 0.5), story)
