"""Gather, fork, regroup, tree: order, exact timing, and stalls crossed with idles."""

from __future__ import annotations

import numpy as np
import pytest
from amaranth import Module, Signal, signed
from amaranth.sim import Simulator
from spikeloom_hw.lib.adder_tree import tree
from spikeloom_hw.lib.fork import Fork
from spikeloom_hw.lib.gather import Gather
from spikeloom_hw.lib.regroup import Regroup, widths

from tests.hw.streams import drive, pack, unpack

CROSS = [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.4, 0.6)]


def gathered(data: list[int], windows: int, folds: int, width: int) -> list[int]:
    steps = np.array([unpack(word, width, windows) for word in data]).reshape(-1, folds, windows)
    return [int(v) for v in steps.transpose(0, 2, 1).ravel()]


@pytest.mark.parametrize(("idle", "stall"), CROSS)
@pytest.mark.parametrize(("windows", "folds"), [(2, 1), (3, 2), (4, 3), (2, 5)])
def test_gather(windows: int, folds: int, idle: float, stall: float) -> None:
    data = [int(v) for v in np.random.default_rng(1).integers(0, 1 << (5 * windows), 6 * folds)]
    logs = drive(
        Gather(width=5, windows=windows, folds=folds),
        {"i": data},
        {"o": 6 * folds * windows},
        idle=idle,
        stall=stall,
    )
    assert logs["o"].data == gathered(data, windows, folds, 5)
    if idle or stall:
        return
    emitted: list[int] = []
    accepted: list[int] = []
    for step in range(6):  # the recurrence of docs/explanation/engine.md
        for fold in range(folds):
            earliest = accepted[-1] + 1 if accepted else 0
            if fold == 0 and step >= 2:
                earliest = max(earliest, emitted[(step - 1) * windows * folds - 1] + 1)
            accepted.append(earliest)
        for _ in range(windows * folds):
            emitted.append(max(accepted[-1] + 1, emitted[-1] + 1 if emitted else 0))
    assert (logs["i"].times, logs["o"].times) == (accepted, emitted)


@pytest.mark.parametrize(("idle", "stall"), CROSS)
@pytest.mark.parametrize(("i_group", "o_group"), [(1, 4), (2, 6), (4, 1), (6, 3), (5, 1), (1, 2)])
def test_regroup(i_group: int, o_group: int, idle: float, stall: float) -> None:
    width = 3
    numbers = [int(v) for v in np.random.default_rng(2).integers(0, 8, 6 * i_group * o_group)]
    data = [pack(numbers[k : k + i_group], width) for k in range(0, len(numbers), i_group)]
    count = len(numbers) // o_group
    logs = drive(
        Regroup(i_width=i_group * width, o_width=o_group * width),
        {"i": data},
        {"o": count},
        idle=idle,
        stall=stall,
    )
    assert [n for word in logs["o"].data for n in unpack(word, width, o_group)] == numbers
    if idle or stall:
        return
    if o_group > i_group:
        n = o_group // i_group
        assert logs["o"].times == [n * (k + 1) for k in range(count)]
        assert logs["i"].times == list(range(len(data)))
    else:
        assert logs["o"].times == [k + 1 for k in range(count)]
        assert logs["i"].times == [k * (i_group // o_group) for k in range(len(data))]


def test_regroup_takes_whole_factors_only() -> None:
    with pytest.raises(ValueError, match="multiple"):
        Regroup(i_width=4, o_width=6)
    assert (widths(4, 6), widths(6, 6), widths(8, 2), widths(1, 5), widths(6, 4)) == (
        [4, 2, 6],
        [6],
        [8, 2],
        [1, 5],
        [6, 2, 4],
    )


@pytest.mark.parametrize(("idle", "stall"), CROSS)
@pytest.mark.parametrize("branches", [2, 3])
def test_fork(branches: int, idle: float, stall: float) -> None:
    data = list(range(1, 40))
    outputs = {f"o{b}": len(data) for b in range(branches)}
    logs = drive(Fork(width=8, branches=branches), {"i": data}, outputs, idle=idle, stall=stall)
    for name in outputs:
        assert logs[name].data == data
    assert logs["i"].times == [
        max(times) for times in zip(*(logs[name].times for name in outputs), strict=True)
    ]


@pytest.mark.parametrize(
    ("terms", "first", "cycles"),
    [(1, 2, 1), (2, 2, 1), (5, 3, 2), (4, 2, 2), (16, 6, 3), (17, 3, 4), (3, 3, 2)],
)
def test_tree(terms: int, first: int, cycles: int) -> None:
    m = Module()
    inputs = [Signal(signed(4), name=f"in{i}") for i in range(terms)]
    total = tree(m, inputs, width=12, first=first, cycles=cycles, name="t")
    rows = np.random.default_rng(3).integers(-8, 8, (20, terms))

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        for k in range(len(rows) + cycles):
            for signal, value in zip(inputs, rows[min(k, len(rows) - 1)], strict=True):
                ctx.set(signal, int(value))
            await ctx.tick()
            if k + 1 >= cycles and k + 1 - cycles < len(rows):
                assert ctx.get(total) == rows[k + 1 - cycles].sum()

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
