"""Bits counted, one of several chosen, and counters read: all of them, one after the other, and
addresses beyond the last.
"""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Module, Signal
from amaranth.hdl import ValueLike
from amaranth.sim import Simulator
from spikeloom.mapping.plan.counters import MANY, counter_map
from spikeloom_hw.engine.counters import Counters
from spikeloom_hw.lib.mux import choose
from spikeloom_hw.lib.popcount import ones, ones_of_many

from tests.networks import random_plan


def values(inputs: list[tuple[Signal, list[int]]], of: ValueLike) -> list[int]:
    """What ``of`` is for each of the inputs' values."""
    m, out, found = Module(), Signal(len(of)), []
    m.d.comb += out.eq(of)

    async def bench(ctx: object) -> None:
        for row in zip(*(column for _, column in inputs), strict=True):
            for (signal, _), value in zip(inputs, row, strict=True):
                ctx.set(signal, value)
            found.append(ctx.get(out))

    simulator = Simulator(m)
    simulator.add_testbench(bench)
    simulator.run()
    return found


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 18, 31, 64])
def test_ones(width: int) -> None:
    every = (
        range(1 << width)
        if width <= 8
        else [
            0,
            (1 << width) - 1,
            *(int(v) for v in np.random.default_rng(3).integers(0, 1 << min(width, 62), 300)),
        ]
    )
    flags = Signal(width)
    count = ones(list(flags))
    assert len(count) == width.bit_length()
    assert values([(flags, list(every))], count) == [v.bit_count() for v in every]


@pytest.mark.parametrize("width", [1, MANY, MANY + 1, 2 * MANY, 150])
def test_ones_of_many(width: int) -> None:
    """One cycle later where they are more than are counted at once, nothing where it does not
    count.
    """
    rng = np.random.default_rng(width)
    columns = (rng.random((200, width)) < rng.random((200, 1))).astype(int)
    columns[:2] = [[0] * width, [1] * width]
    when = (rng.random(200) < 0.7).tolist()
    flags, counts, out, found = Signal(width), Signal(), Signal(range(width + 1)), []
    m = Module()
    m.d.comb += out.eq(ones_of_many(m, list(flags), counts, "part"))

    async def bench(ctx: object) -> None:
        for row, counted in zip(columns, when, strict=True):
            ctx.set(flags, int("".join(map(str, row)), 2))
            ctx.set(counts, counted)
            if width > MANY:
                await ctx.tick()
            found.append(ctx.get(out))

    simulator = Simulator(m)
    if width > MANY:
        simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert found == [int(row.sum()) * counted for row, counted in zip(columns, when, strict=True)]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_choose(count: int) -> None:
    index, options = Signal(range(max(2, count))), [Signal(7, name=f"v{k}") for k in range(count)]
    inputs = [
        (index, list(range(count))),
        *((option, [9 * k + 5] * count) for k, option in enumerate(options)),
    ]
    assert values(inputs, choose(options, index)) == [9 * k + 5 for k in range(count)]


@pytest.mark.parametrize("seed", [0, 3])
def test_counters_are_read(seed: int) -> None:
    """Each grows by its own amount, wherever its address is; beyond the last there is nothing; a
    clear makes all zero.
    """
    plan = random_plan(seed)
    names = [name for name, _ in counter_map(plan)]
    counters, grows, ends = Counters(names=names, checksums=plan.checksums), Signal(), []
    for k, name in enumerate(names):
        amount = Signal(12, name=f"amount{k}")
        counters.offer(name, amount)
        ends.append(amount)
    m = Module()
    m.submodules.counters = counters
    for k, amount in enumerate(ends):
        m.d.comb += amount.eq((k + 1) * grows)

    async def bench(ctx: object) -> None:
        async def read(address: int) -> int:
            ctx.set(counters.address, address)
            await ctx.tick().repeat(2)
            return ctx.get(counters.data)

        ctx.set(grows, 1)
        await ctx.tick().repeat(5)
        ctx.set(grows, 0)
        await ctx.tick()
        assert [await read(k) for k in range(len(names))] == [
            5 * (k + 1) for k in range(len(names))
        ]
        assert [await read(k) for k in (len(names), 511, 512, 1024, 0x8000, 0xFFFF)] == [0] * 6
        ctx.set(counters.clear, 1)
        await ctx.tick()
        ctx.set(counters.clear, 0)
        assert [await read(k) for k in range(len(names))] == [0] * len(names)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("names", [[], ["a", "a"], [f"n{k}" for k in range((1 << 16) + 1)]])
def test_names_of_counters_that_cannot_be(names: list[str]) -> None:
    with pytest.raises(ValueError, match="expected 1 to 65536 names, each once"):
        Counters(names=names, checksums=False)
