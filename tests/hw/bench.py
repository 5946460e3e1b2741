"""Runs a whole network in Amaranth's own simulator: slow, but nothing stands between the test and
the design.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from amaranth.sim import Simulator
from spikeloom.ir.number import Ints
from spikeloom.mapping.plan.counters import counter_map
from spikeloom.mapping.plan.plan import Plan
from spikeloom_hw.top import Top

DRAIN = 500
"""Cycles for what is still on its way when the last output has left: rows of the last image that no
output needs.
"""


@dataclass(frozen=True)
class Run:
    """Outputs (N, O, H, W), cycle numbers of the first input and the last output of each image,
    counters by name.
    """

    values: Ints
    first: list[int]
    last: list[int]
    counters: dict[str, int]


def beats(plan: Plan, words: Ints) -> list[int]:
    """All input beats of the images (N, C, H, W), in order."""
    steps, group = plan.graph.input.code.steps, plan.input_group
    n, channels, height, width = words.shape
    grouped = words.transpose(0, 2, 3, 1).reshape(-1, group)
    return [sum(int(word) << (c * steps) for c, word in enumerate(row)) for row in grouped]


async def load_weights(ctx, top: Top, words: Sequence[int], rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    """The load stream with pauses; the top says that it is done after the last word, and not
    before.
    """
    ctx.set(top.load_start, 1)
    await ctx.tick()
    ctx.set(top.load_start, 0)
    for word in words:
        assert not ctx.get(top.load_done)
        while rng.random() < 0.1:
            ctx.set(top.load_valid, 0)
            await ctx.tick()
        ctx.set(top.load_valid, 1)
        ctx.set(top.load_data, int(word))
        await ctx.tick()
    ctx.set(top.load_valid, 0)
    await ctx.tick().repeat(len(top.links) * 16 + 50)
    assert ctx.get(top.load_done), "a memory is not full"


def run(
    plan: Plan,
    words: Ints,
    *,
    single: bool = False,
    idle: float = 0.0,
    stall: float = 0.0,
    seed: int = 0,
    bound: int = 200_000,
    load: Sequence[int] = (),
    steps: int | None = None,
) -> Run:
    """Simulates, after loading the weights of ``load``, with so many time steps.

    Raises AssertionError when ``bound`` cycles were not enough.
    """
    top, sent = Top(plan), beats(plan, words)
    per_image = len(sent) // len(words)
    shape = plan.graph.shapes[plan.graph.output.name]
    out_total = shape[0] * shape[1] * shape[2]
    rng = np.random.default_rng(seed)
    got: list[int] = []
    first: list[int] = []
    last: list[int] = []
    counters: dict[str, int] = {}

    async def bench(ctx):  # type: ignore[no-untyped-def]
        index = 0
        offering = False
        if steps is not None:
            ctx.set(top.steps, steps)
            await ctx.tick().repeat(2)
        if len(load):
            await load_weights(ctx, top, load, rng)
        for cycle in range(bound):
            allowed = index < len(sent) and not (single and index // per_image > len(last))
            offering = allowed and (
                offering or rng.random() >= idle
            )  # valid stays until it is taken
            ctx.set(top.s_axis_tvalid, offering)
            if offering:
                ctx.set(top.s_axis_tdata, sent[index])
            ctx.set(top.m_axis_tready, rng.random() >= stall)
            if offering and ctx.get(top.s_axis_tready):
                if index % per_image == 0:
                    first.append(cycle)
                index += 1
                offering = False
            if ctx.get(top.m_axis_tvalid) and ctx.get(top.m_axis_tready):
                got.append(int(np.int32(np.uint32(ctx.get(top.m_axis_tdata)))))
                if ctx.get(top.m_axis_tlast):
                    assert len(got) % out_total == 0, "tlast in the middle of an image"
                    last.append(cycle)
            await ctx.tick()
            if len(got) == out_total * len(words) and index == len(sent):
                break
        assert len(got) == out_total * len(words), (
            f"{len(got)} of {out_total * len(words)} values after {bound} cycles"
        )
        ctx.set(top.s_axis_tvalid, 0)
        await ctx.tick().repeat(DRAIN)
        for name, address in counter_map(plan):
            ctx.set(top.counter_address, address)
            await ctx.tick().repeat(3)
            counters[name] = ctx.get(top.counter_data)

    simulator = Simulator(top)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    values = (
        np.array(got, dtype=np.int64)
        .reshape(len(words), shape[1], shape[2], shape[0])
        .transpose(0, 3, 1, 2)
    )
    return Run(values, first, last, counters)
