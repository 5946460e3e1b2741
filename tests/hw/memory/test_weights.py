"""A memory of weights: every row as it was, whatever its columns have in common."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Const, Module, Signal
from amaranth.sim import Simulator
from spikeloom_hw.memory.weights import Weights


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("same", ["none", "some", "all"])
@pytest.mark.parametrize(("width", "depth"), [(1, 2), (7, 3), (12, 40), (70, 9)])
def test_rows_are_read(width: int, depth: int, same: str, written: bool) -> None:
    """Columns that are alike in all rows, zeros or ones, are no memory, but for one that is
    written.
    """
    rng = np.random.default_rng(width)
    bits = rng.integers(0, 2, (depth, width))
    bits[0], bits[1] = 0, 1  # no column is alike by chance
    fixed = {"none": 0, "some": (width + 1) // 2, "all": width}[same]
    columns = rng.permutation(width)[:fixed]
    bits[:, columns] = rng.integers(0, 2, fixed)
    rows = [sum(int(bit) << k for k, bit in enumerate(row)) for row in bits]
    weights = Weights(rows=rows, width=width, style={}, written=written)
    assert len(weights.known) == (0 if written else fixed) and (weights.memory is None) == (
        not written and fixed == width
    )

    m, row, data = Module(), Signal(range(depth)), Signal(width)
    m.submodules.weights = weights
    m.d.comb += data.eq(weights.read(m, row, Const(1)))
    writes, ticks = Signal(), Signal()
    m.d.sync += ticks.eq(~ticks)  # a clock, even where nothing is held
    if written:
        weights.write(m, row, ~data, writes)

    async def bench(ctx: object) -> None:
        async def read(k: int) -> int:
            ctx.set(row, k)
            await ctx.tick()
            return ctx.get(data)

        assert [await read(k) for k in range(depth)] == rows
        if written:
            await read(1)
            ctx.set(writes, 1)
            await ctx.tick()
            ctx.set(writes, 0)
            assert [await read(k) for k in range(depth)] == [
                rows[0],
                ~rows[1] & ((1 << width) - 1),
                *rows[2:],
            ]

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("rows", [[], [4], [-1]])
def test_rows_that_do_not_fit(rows: list[int]) -> None:
    with pytest.raises(ValueError, match="expected one row at least, of 2 bits"):
        Weights(rows=rows, width=2, style={}, written=False)
