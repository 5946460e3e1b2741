"""The scan of one queue: which spikes, in which order, in how many cycles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from spikeloom_hw.bodies.scan import Scan


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("width", [1, 2, 5, 16])
@pytest.mark.parametrize("idle", [0.0, 0.5])
def test_every_spike_once_in_order(width: int, ports: int, idle: float) -> None:
    rng = np.random.default_rng(width * 10 + ports)
    pass_words, passes = 3, 8
    words = [
        int("0" + "".join(str(int(b)) for b in rng.random(width) < 0.4), 2)
        for _ in range(pass_words * passes)
    ]
    idle_row = passes * pass_words * width if ports == 2 else None
    scan = Scan(width=width, ports=ports, pass_words=pass_words, passes=passes, idle=idle_row)
    found: list[int] = []
    working: list[int] = []
    finished: list[int] = []

    def watch(ctx: Any, cycle: int) -> bool:
        for port in range(ports):
            if ctx.get(scan.spikes[port].valid):
                found.append(ctx.get(scan.spikes[port].row))
            elif idle_row is not None:
                assert ctx.get(scan.spikes[port].row) == idle_row
        if ctx.get(scan.working):
            working.append(cycle)
        done = ctx.get(scan.done)
        ctx.set(scan.advance, done)
        after = (
            len(finished) + 1 if done and len(finished) + 1 < passes else 0
        )  # each pass has rows of its own
        ctx.set(scan.next_base, after * pass_words * scan.step)
        if done:
            finished.append(cycle)
        return len(finished) == passes

    log = run_until_finished(scan, words, watch, idle)
    expected = [
        k * width + flag
        for k, word in enumerate(words)
        for flag in range(width)
        if word >> flag & 1
    ]
    assert found == expected
    costs = [max(1, -(-bin(word).count("1") // ports)) for word in words]
    assert len(working) == sum(costs)
    assert len(finished) == passes
    if not idle:
        assert log == [0, *np.cumsum(costs)[:-1].tolist()]
        assert working == list(range(1, sum(costs) + 1))


def run_until_finished(scan: Scan, words: list[int], watch: Any, idle: float) -> list[int]:
    """Cycles in which the words were taken."""
    rng = np.random.default_rng(0)
    taken: list[int] = []

    async def bench(ctx: Any) -> None:
        offering = False
        for cycle in range(5000):
            offering = len(taken) < len(words) and (offering or rng.random() >= idle)
            offer(ctx, scan, words[min(len(taken), len(words) - 1)], offering, rng)
            if watch(ctx, cycle):
                return
            if offering and ctx.get(scan.i.ready):
                taken.append(cycle)
                offering = False
            await ctx.tick()
        raise AssertionError("hang")

    simulator = Simulator(scan)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert len(taken) == len(words)
    return taken


def offer(ctx: Any, scan: Scan, word: int, offering: bool, rng: np.random.Generator) -> None:
    """A word in the queue, with any other that arrives behind it; or one that arrives at the empty
    queue; or none at all.
    """
    other, queued = int(rng.integers(0, 1 << scan.width)), bool(rng.integers(0, 2))
    ctx.set(scan.i.valid, offering and queued)
    ctx.set(scan.i.payload, word if queued else other)
    ctx.set(scan.i.arrives, offering and (not queued or bool(rng.integers(0, 2))))
    ctx.set(scan.i.fresh, other if queued else word)
