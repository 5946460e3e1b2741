"""Weights through the shell: a load job, what it counts, and what becomes of one that goes
wrong.
"""

from __future__ import annotations

import zlib
from dataclasses import replace

import numpy as np
import pytest
from spikeloom.ir import golden
from spikeloom.mapping.plan.headroom import fitted
from spikeloom.mapping.plan.plan import Plan
from spikeloom_hw.emit import load_words
from spikeloom_hw.emit import manifest as describe
from spikeloom_hw.shell import feed
from spikeloom_hw.top import Top

from tests.hw.memory.test_loading import SEEDS, other, roomy
from tests.hw.shell.board import WEIGHTS, Board, fill, play
from tests.hw.shell.memory import Memory
from tests.hw.shell.small import toy
from tests.networks import random_words

SMALL = [seed for seed in SEEDS if len(load_words(roomy(seed))) < 600][:3]


def two(seed: int) -> tuple[Plan, Plan]:
    """A plan and another one of the same shape."""
    plan = roomy(seed)
    assert plan is not None
    return plan, replace(
        plan, graph=fitted(plan.graph, plan.rooms, other(np.random.default_rng(seed), plan))
    )


async def runs(board: Board, plan: Plan, images: np.ndarray) -> None:
    """The network on the board is this one."""
    fill(board.shell.manifest, board.memory, images)
    await board.start(len(images))
    assert await board.wait() == {"done"}
    expected = golden.trace(plan.graph, images)[plan.graph.output.name]
    np.testing.assert_array_equal(
        board.results(len(images)), expected.transpose(0, 2, 3, 1).reshape(len(images), -1)
    )


@pytest.mark.parametrize("width", [64, 128])
@pytest.mark.parametrize("seed", SMALL)
def test_loaded(seed: int, width: int) -> None:
    plan, changed = two(seed)
    images = random_words(np.random.default_rng(seed), plan.graph, 2, 0.4)
    manifest = replace(describe(plan, ""), memory_width=width)
    first, second = (
        np.concatenate([w, np.zeros(-len(w) % (width // 32), dtype=np.uint32)])
        for w in map(load_words, (plan, changed))
    )

    async def story(board: Board) -> None:
        assert await board.get("capabilities") == width // 8 | 1 << 8
        await runs(board, plan, images)
        for weights, network in ((second, changed), (first, plan), (second, changed)):
            await board.load(weights)
            assert await board.wait() == {"done"}
            assert await board.get("load_words") == len(weights)
            await runs(board, network, images)
        assert await board.get("load_crc") == zlib.crc32(second.astype("<u4").tobytes())
        assert await board.flags("error") == set()

    play(manifest, Top(plan), Memory(width, latency=(1, 40), stall=0.2), story)


def test_too_few_words_end_in_an_underrun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed.Feed.__init__, "__kwdefaults__", {"patience": 200})
    plan, changed = two(SMALL[0])
    words = load_words(changed)

    async def story(board: Board) -> None:
        await board.load(words)
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"underrun"})
        assert "weights" not in await board.flags("status")
        await board.set("error", 0xFFFF_FFFF)
        await board.start(1)
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"no_weights"})

    # A manifest of fewer words than the memories take: no driver would send them, no hardware must
    # believe them.
    manifest = describe(plan, "")
    words = words[: len(words) // 2]
    play(replace(manifest, load_words=len(words)), Top(plan), Memory(), story)


def test_a_load_of_another_length_is_refused() -> None:
    plan, changed = two(SMALL[0])
    words = load_words(changed)
    images = random_words(np.random.default_rng(1), plan.graph, 2, 0.4)

    async def story(board: Board) -> None:
        needed = -(-4 * len(words) // board.memory.step)
        for count in (1, needed - 1, needed + 1):
            await board.load(words, count=count)
            assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"misaligned"})
            await board.set("error", 0xFFFF_FFFF)
        await runs(board, plan, images)
        await board.load(words)
        assert await board.wait() == {"done"}
        await runs(board, changed, images)

    play(describe(plan, ""), Top(plan), Memory(), story)


def test_memory_error_fails_the_load_and_the_next_one_works() -> None:
    plan, changed = two(SMALL[0])
    words = load_words(changed)

    async def story(board: Board) -> None:
        await board.load(words, at=WEIGHTS + 4)
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"misaligned"})
        await board.set("error", 0xFFFF_FFFF)
        await board.load(words)
        await board.act("abort")
        assert await board.wait() == {"failed"}
        await board.start(2)
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"no_weights"})
        await board.set("error", 0xFFFF_FFFF)
        await board.load(words)
        await board.act("load")
        assert await board.wait() == {"done"}
        assert await board.flags("error") == {"start_while_busy"}
        await runs(board, changed, random_words(np.random.default_rng(1), plan.graph, 2, 0.4))

    play(describe(plan, ""), Top(plan), Memory(latency=(20, 60)), story)


def test_fixed_weights_refuse_a_load() -> None:
    inner, manifest = toy()

    async def story(board: Board) -> None:
        await board.load(np.zeros(8, dtype=np.uint32))
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"misaligned"})

    play(manifest, inner, Memory(), story)
