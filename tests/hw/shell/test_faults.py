"""Whatever goes wrong: the job ends, says why, and the next one works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import numpy as np
import pytest
from spikeloom.interface.registers import register

from tests.hw.shell.board import INPUT, OUTPUT, QUIET, Board, fill, play
from tests.hw.shell.memory import Memory
from tests.hw.shell.small import BEATS, answer, images, toy, works

Story = Callable[[Board], Awaitable[None]]
COUNT = 12
WORDS = -(-COUNT * BEATS * 3 // 8)


def run(story: Story, width: int = 64, fault: str = "", **memory: object) -> Board:
    inner, manifest = toy(width, fault)
    return play(manifest, inner, Memory(width, **memory), story)  # type: ignore[arg-type]


async def fails(board: Board, errors: set[str], **how: object) -> None:
    """A job ends with these errors; those after it work."""
    fill(board.shell.manifest, board.memory, images(COUNT))
    await board.set("error", 0xFFFF_FFFF)
    await board.start(COUNT, **how)  # type: ignore[arg-type]
    assert (await board.wait(), await board.flags("error")) == ({"failed"}, errors)
    assert board.memory.in_flight == {"ar": 0, "aw": 0}
    await works(board)


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize(("code", "name"), [(2, "slverr"), (3, "decerr")])
def test_error_responses(code: int, name: str, slow: bool) -> None:
    async def story(board: Board) -> None:
        memory = board.memory
        for beat in (0, 1, WORDS // 2, WORDS - 1):
            memory.faults.read[memory.read_beats + beat] = code
            await fails(board, {f"read_{name}"})
        for burst in (0, 1):
            memory.faults.write[memory.write_bursts + burst] = code
            await fails(board, {f"write_{name}"})

    run(story, **({"latency": (1, 70), "stall": 0.4} if slow else {}))


def test_writes_right_behind_a_start_are_for_the_next_job() -> None:
    """The control bus has them one after the other as fast as it takes them."""

    async def story(board: Board) -> None:
        fill(board.shell.manifest, board.memory, images(COUNT))
        await board.start(COUNT)
        await board.wait()
        for name in ("input_address", "output_address", "images", "input_words"):
            was = await board.get(name)
            board.memory.bytes[OUTPUT : OUTPUT + 1024] = 0
            await board.post(
                (register("control").offset, register("control")["start"].mask),
                (register(name).offset, 1 << 20),
            )
            assert (await board.wait(), await board.flags("error")) == ({"done"}, set()), name
            np.testing.assert_array_equal(board.results(COUNT), answer(images(COUNT)))
            assert await board.get(name) == 1 << 20
            await board.set(name, was)

    run(story)


def test_settings_are_those_of_the_start() -> None:
    async def story(board: Board) -> None:
        fill(board.shell.manifest, board.memory, images(COUNT))
        for first in (0, 1):
            await board.start(COUNT, single=bool(first))
            await board.set("settings", 1 - first)
            assert (
                "busy" in await board.status() and board.ctx.get(board.shell.gate.single) == first
            )
            assert (
                await board.wait() == {"done"} and board.ctx.get(board.shell.gate.single) == first
            )

    run(story, latency=(40, 40))


def test_a_refused_job_has_no_figures() -> None:
    """What registers say of 'this job' is of the one that was refused, not of the one before."""

    async def story(board: Board) -> None:
        await works(board)
        assert await board.get("images_out") == 5
        await board.start(5, at=(INPUT, OUTPUT + 4))
        assert await board.wait() == {"failed"}
        for name in ("images_in", "images_out", "words_read", "words_written"):
            assert await board.get(name) == 0

    run(story)


@pytest.mark.parametrize("beat", [0, 14, 15, 16, WORDS - 1])
def test_last_beat_in_the_wrong_place(beat: int) -> None:
    async def story(board: Board) -> None:
        board.memory.faults.last.add(board.memory.read_beats + beat)
        await fails(board, {"protocol"})

    run(story, latency=(5, 20), stall=0.2)


@pytest.mark.parametrize("channel", ["read", "write"])
def test_responses_that_nothing_asked_for(channel: str) -> None:
    async def story(board: Board) -> None:
        unasked = getattr(board.memory.faults, f"unasked_{channel}")
        unasked.add(board.memory.cycle + 5)
        await board.ctx.tick().repeat(10)
        assert await board.flags("error") == {"protocol"}
        assert await board.status() == set(), "nothing ran, so nothing failed"
        await works(board)
        board.memory.latency = (200, 200)
        fill(board.shell.manifest, board.memory, images(COUNT))
        await board.start(COUNT)
        before = board.memory.cycle
        unasked.add(before + 20)
        if channel == "read":  # nothing is asked for while all that is asked for has come
            board.memory.latency = (1, 1)
            unasked.clear()
            unasked.add(before + 150)
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"protocol"})
        assert board.memory.cycle > before + QUIET
        board.memory.latency = (1, 1)
        await works(board)

    run(story)


@pytest.mark.parametrize("width", [64, 128])
def test_what_is_refused(width: int) -> None:
    async def story(board: Board) -> None:
        step = width // 8
        for how in ({"at": (INPUT + step // 2, OUTPUT)}, {"at": (INPUT, OUTPUT + 4)}, {"words": 0}):
            await fails(board, {"misaligned"}, **how)
        assert await board.get("words_read") > 0
        bursts = len(board.memory.bursts["ar"])
        await board.start(0, words=5)
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"misaligned"})
        assert len(board.memory.bursts["ar"]) == bursts

    run(story, width)


@pytest.mark.parametrize("missing", [1, 5, WORDS - 1])
def test_underrun(missing: int) -> None:
    async def story(board: Board) -> None:
        await fails(board, {"underrun"}, words=WORDS - missing)

    run(story)


@pytest.mark.parametrize("count", [3, COUNT])
@pytest.mark.parametrize("extra", [1, 2, 20, 400, 1000])
def test_overrun(extra: int, count: int) -> None:
    """Whether the images fill the last memory word or not."""

    async def story(board: Board) -> None:
        fill(board.shell.manifest, board.memory, images(count))
        await board.start(count, words=-(-count * BEATS * 3 // 8) + extra)
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"overrun"})
        np.testing.assert_array_equal(board.results(count), answer(images(count)))
        await works(board)

    run(story)


def test_overrun_by_words_that_have_not_come() -> None:
    async def story(board: Board) -> None:
        board.memory.faults.dead_from = board.memory.read_beats + WORDS
        fill(board.shell.manifest, board.memory, images(COUNT))
        await board.start(COUNT, words=WORDS + 1)
        await board.ctx.tick().repeat(500)
        assert await board.flags("error") == {"overrun"} and "draining" in await board.flags(
            "status"
        )
        board.memory.faults.dead_from = 1 << 40
        assert await board.wait() == {"failed"}
        await works(board)

    run(story)


@pytest.mark.parametrize("again", ["start", "load"])
def test_start_while_busy(again: str) -> None:
    async def story(board: Board) -> None:
        fill(board.shell.manifest, board.memory, images(COUNT))
        await board.start(COUNT)
        await board.act(again)
        assert await board.flags("error") == {"start_while_busy"}
        assert await board.wait() == {"done"}
        np.testing.assert_array_equal(board.results(COUNT), answer(images(COUNT)))
        await board.set("error", 1 << 5)
        assert await board.flags("error") == set()

    run(story)


@pytest.mark.parametrize("seed", range(3))
def test_abort_at_any_time(seed: int) -> None:
    async def story(board: Board) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(6):
            fill(board.shell.manifest, board.memory, images(COUNT))
            await board.start(COUNT)
            await board.ctx.tick().repeat(int(rng.integers(1, 150)))
            await board.act("abort")
            assert await board.wait() == {"failed"}
            assert board.memory.in_flight == {"ar": 0, "aw": 0}
            await works(board)
        await board.act("abort")
        assert await board.wait() == {"done"}, "nothing ran: the last job stays well ended"
        await works(board)

    run(story, latency=(1, 40), stall=0.3, seed=seed)


def test_abort_right_after_the_start() -> None:
    """The two writes as close as the bus takes them, and in one."""

    async def story(board: Board) -> None:
        await board.start(COUNT)
        await board.act("abort")
        assert await board.wait() == {"failed"}
        await works(board)
        await board.act("abort", "start")
        assert await board.flags("error") == {"start_while_busy"}
        assert await board.wait() == {"done"}
        await works(board)

    run(story)


def test_a_network_that_hangs_is_stuck() -> None:
    async def story(board: Board) -> None:
        fill(board.shell.manifest, board.memory, images(COUNT))
        await board.set("watchdog", 500)
        await board.start(COUNT)
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"stuck"})
        assert (await board.get("images_in"), await board.get("images_out")) == (2, 1)
        assert await board.get("job_cycles") > 500
        await works(board, 1)

    run(story, fault="hang")


def test_slow_memory_is_not_stuck() -> None:
    async def story(board: Board) -> None:
        await board.set("watchdog", 1100)
        await works(board)

    run(story, latency=(1000, 1000))


def test_every_transfer_counts_for_the_watchdog() -> None:
    """A memory that takes all but the watchdog's time for each answer."""

    async def story(board: Board) -> None:
        await board.set("watchdog", 102)
        await works(board, 1)
        await board.set("watchdog", 98)
        await board.start(1)
        assert (await board.wait(), await board.flags("error")) == ({"failed"}, {"stuck"})

    run(story, latency=(100, 100))


def test_memory_that_does_not_answer() -> None:
    """The error is told; the job waits for what it has asked for, and ends when that has come."""

    async def story(board: Board) -> None:
        board.memory.faults.dead_from = board.memory.read_beats + 20
        await board.set("watchdog", 400)
        fill(board.shell.manifest, board.memory, images(COUNT))
        await board.start(COUNT)
        await board.ctx.tick().repeat(1000)
        assert (await board.status(), await board.flags("error")) == (
            {"busy", "draining", "active"},
            {"stuck"},
        )
        board.memory.faults = replace(board.memory.faults, dead_from=1 << 40)
        assert await board.wait() == {"failed"}
        await works(board)

    run(story)
