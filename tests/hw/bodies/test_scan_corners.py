"""The scan of one queue that has to wait for the others: its head word, taken meanwhile, must not
be touched.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from spikeloom_hw.bodies.scan import Scan

from tests.hw.bodies.test_scan import offer


@pytest.mark.parametrize("ports", [1, 2])
@pytest.mark.parametrize("pass_words", [1, 3])
def test_waits_for_advance(pass_words: int, ports: int) -> None:
    """The pass ends with the last spike of its last word, the next one begins after the advance, on
    rows of its own.
    """
    rng = np.random.default_rng(pass_words * 10 + ports)
    width, passes = 5, 12
    words = [int(w) for w in rng.integers(0, 1 << width, pass_words * passes)]
    waits = [int(n) for n in rng.integers(0, 4, passes)]
    scan = Scan(width=width, ports=ports, pass_words=pass_words, passes=passes)
    found: list[int] = []
    states: list[tuple[bool, bool]] = []
    expected_states: list[tuple[bool, bool]] = [
        (False, False)
    ]  # working, waiting; the first word is taken
    for index, wait in enumerate(waits):
        for word in words[index * pass_words : (index + 1) * pass_words]:
            expected_states += [(True, False)] * max(1, -(-word.bit_count() // ports))
        expected_states += [(False, True)] * wait

    async def bench(ctx: Any) -> None:
        popped = finished = waited = 0
        for _ in range(len(expected_states)):
            offer(ctx, scan, words[min(popped, len(words) - 1)], popped < len(words), rng)
            ctx.set(scan.advance, 0)
            advance = bool(ctx.get(scan.done)) and waited == waits[finished]
            ctx.set(scan.advance, advance)
            ctx.set(
                scan.next_base, (finished + 1) % passes * pass_words * scan.step if advance else 1
            )
            found.extend(ctx.get(spike.row) for spike in scan.spikes if ctx.get(spike.valid))
            states.append((bool(ctx.get(scan.working)), bool(ctx.get(scan.waiting))))
            popped += bool(ctx.get((scan.i.valid | scan.i.arrives) & scan.i.ready))
            waited = 0 if advance else waited + bool(ctx.get(scan.done))
            finished += advance
            await ctx.tick()
        assert (popped, finished) == (len(words), passes)

    simulator = Simulator(scan)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert states == expected_states
    assert found == [
        k * width + flag
        for k, word in enumerate(words)
        for flag in range(width)
        if word >> flag & 1
    ]
