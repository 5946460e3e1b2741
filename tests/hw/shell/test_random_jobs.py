"""Random shells, memories, buffers and faults: every job ends as it must, and no wrong value is
ever called done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.hw.shell.board import QUIET, Board, fill, play
from tests.hw.shell.memory import Memory
from tests.sim.toy import Toy

FAULTS = (
    "none",
    "none",
    "read",
    "write",
    "last",
    "abort",
    "underrun",
    "overrun",
    "unasked_read",
    "unasked_write",
    "again",
)
EXPECTED = {
    "none": set(),
    "read": {"read_slverr"},
    "write": {"write_decerr"},
    "last": {"protocol"},
    "abort": set(),
    "underrun": {"underrun"},
    "overrun": {"overrun"},
    "unasked_read": {"protocol"},
    "unasked_write": {"protocol"},
    "again": {"start_while_busy"},
}


def choose(rng: np.random.Generator, values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


async def job(board: Board, rng: np.random.Generator, fault: str, outputs: int) -> None:
    manifest, memory = board.shell.manifest, board.memory
    form = manifest.input
    count = int(rng.integers(1, 12))
    words = rng.integers(0, 1 << form.code.steps, (count, *form.shape))
    values = words.reshape(count, -1).sum(axis=1)[:, None] * np.arange(1, outputs + 1) - 1000
    at = tuple(int(base + memory.step * rng.integers(0, 600)) for base in (0x4000, 0x9000))
    fill(manifest, memory, words, at[0])
    needed = -(-count * form.image_bytes // memory.step)
    total = -(-count * outputs * 4 // memory.step)
    if fault == "read":
        memory.faults.read[memory.read_beats + int(rng.integers(needed))] = 2
    elif fault == "write":
        bursts = (at[1] // memory.step + total - 1) // 16 - at[1] // memory.step // 16 + 1
        memory.faults.write[memory.write_bursts + int(rng.integers(bursts))] = 3
    elif fault == "last":
        memory.faults.last.add(memory.read_beats + int(rng.integers(needed)))
    if fault == "underrun" and needed == 1:
        fault = "overrun"
    given = needed
    if fault == "underrun":
        given = int(rng.integers(1, needed))
    elif fault == "overrun":
        given += int(rng.integers(1, 300))
    after = memory.bytes.copy()
    end = at[1] + 4 * count * outputs
    after[at[1] : end] = np.frombuffer(values.astype("<i4").tobytes(), dtype=np.uint8)
    await board.set("error", 0xFFFF_FFFF)
    await board.start(count, words=given, single=bool(rng.integers(2)), at=at)
    if fault.startswith("unasked"):
        getattr(memory.faults, fault).add(memory.cycle + int(rng.integers(0, 120)))
    elif fault in ("abort", "again"):
        await board.ctx.tick().repeat(int(rng.integers(1, 60)))
        await board.act("abort" if fault == "abort" else "start")
    status, errors = await board.wait(), await board.flags("error")
    await board.ctx.tick().repeat(150)  # what was not asked for may come after the end
    late = await board.flags("error")
    assert (
        status in ({"done"}, {"failed"}) and errors <= EXPECTED[fault] and late <= EXPECTED[fault]
    )
    if status == {"done"}:
        assert fault in ("none", "again", "abort") or fault.startswith("unasked"), (
            f"{fault} was not noticed"
        )
        np.testing.assert_array_equal(memory.bytes, after)
        assert (await board.get("images_in"), await board.get("images_out")) == (count, count)
        assert (await board.get("words_read"), await board.get("words_written")) == (needed, total)
    else:
        assert fault not in ("none", "again")
        assert np.array_equal(
            np.delete(memory.bytes, np.s_[at[1] : end]), np.delete(after, np.s_[at[1] : end])
        )
    assert memory.in_flight == {"ar": 0, "aw": 0} or fault.startswith("unasked")
    memory.faults.unasked_read.clear()
    memory.faults.unasked_write.clear()


@pytest.mark.parametrize("seed", range(8))
def test_random_jobs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    width, outputs = choose(rng, (64, 128)), int(rng.integers(1, 8))
    inner = Toy(
        steps=int(rng.integers(1, 17)),
        group=int(rng.integers(1, 13)),
        beats=int(rng.integers(1, 24)),
        outputs=outputs,
    )
    manifest = replace(inner.manifest(), memory_width=width)
    slow = bool(rng.integers(3))
    memory = Memory(
        width,
        (1, int(rng.integers(1, 120))) if slow else (1, 1),
        float(rng.random() * 0.6) if slow else 0.0,
        seed,
    )

    async def story(board: Board) -> None:
        for _ in range(8):
            fault = choose(rng, FAULTS)
            await job(board, rng, fault, outputs)
            if fault != "none":
                await job(board, rng, "none", outputs)

    assert QUIET > 120, "a memory that is asked answers before it is believed to be done"
    play(manifest, inner, memory, story)
