"""The register slice and the bridge to memory: order, stalls, latency, reset."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator
from spikeloom_hw.ps7.memory import Memory
from spikeloom_hw.ps7.slice import Slice

from tests.hw.ps7.channels import Sink, Source, play


@pytest.mark.parametrize("idle", [0.0, 0.6])
@pytest.mark.parametrize("stall", [0.0, 0.6])
def test_all_arrive_in_order(idle: float, stall: float) -> None:
    rng, dut = np.random.default_rng(1), Slice(8)
    sent = [int(v) for v in rng.integers(0, 256, 300)]
    source, sink = Source(dut.i, sent, rng, idle), Sink(dut.o, rng, stall)
    play(dut, (source, sink), lambda: len(sink.got) == len(sent))
    assert sink.got == sent
    if not stall:
        assert [b - a for a, b in zip(source.taken, sink.cycles, strict=True)] == [1] * len(sent)
    if not idle and not stall:
        assert sink.cycles == list(range(sink.cycles[0], sink.cycles[0] + len(sent)))


def test_ready_does_not_follow_ready() -> None:
    """No path through: within a cycle the far ready changes nothing on the near side, the near
    valid nothing on the far side.
    """
    dut, rng = Slice(8), np.random.default_rng(3)

    async def bench(ctx: Any) -> None:
        for _ in range(200):
            seen = []
            for ready, valid in ((0, 0), (1, 0), (0, 1), (1, 1)):
                ctx.set(dut.o.ready, ready)
                ctx.set(dut.i.valid, valid)
                ctx.set(dut.i.payload, int(rng.integers(256)))
                seen.append((ctx.get(dut.i.ready), ctx.get(dut.o.valid), ctx.get(dut.o.payload)))
            assert len(set(seen)) == 1
            ctx.set(dut.o.ready, int(rng.integers(2)))
            ctx.set(dut.i.valid, int(rng.integers(2)))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def test_nothing_is_taken_in_reset() -> None:
    reset, inner = Signal(), Slice(8)
    dut = ResetInserter(reset)(inner)

    async def bench(ctx: Any) -> None:
        ctx.set(inner.i.valid, 1)
        ctx.set(inner.i.payload, 1)
        await ctx.tick().repeat(5)
        ctx.set(reset, 1)
        await ctx.tick()
        for _ in range(4):
            assert not ctx.get(inner.i.ready) and not ctx.get(inner.o.valid)
            await ctx.tick()
        ctx.set(reset, 0)
        ctx.set(inner.i.payload, 2)
        ctx.set(inner.o.ready, 1)
        await ctx.tick().repeat(2)
        assert ctx.get(inner.o.valid) and ctx.get(inner.o.payload) == 2, (
            "what was inside before the reset is gone"
        )

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_five_channels_to_memory(stall: float) -> None:
    """All channels at once, each one cycle later on its other side, AXI4's lengths as AXI3's."""
    rng, dut = np.random.default_rng(5), Memory(width=64, address_width=32)

    def word() -> int:
        return int(rng.integers(0, 1 << 63))

    def request() -> dict[str, int]:
        return {"addr": int(rng.integers(0, 1 << 32)), "len": int(rng.integers(0, 16))}

    sent = {
        "ar": [request() for _ in range(150)],
        "aw": [request() for _ in range(150)],
        "w": [
            {"data": word(), "strb": int(rng.integers(256)), "last": int(rng.integers(2))}
            for _ in range(150)
        ],
        "r": [
            {"data": word(), "resp": int(rng.integers(4)), "last": int(rng.integers(2))}
            for _ in range(150)
        ],
        "b": [int(rng.integers(4)) for _ in range(150)],
    }
    sides = {name: ("", "far_") if name in ("ar", "aw", "w") else ("far_", "") for name in sent}
    sources = {
        name: Source(getattr(dut, sides[name][0] + name), sent[name], rng, stall) for name in sent
    }
    sinks = {name: Sink(getattr(dut, sides[name][1] + name), rng, stall) for name in sent}
    play(
        dut,
        (*sources.values(), *sinks.values()),
        lambda: all(len(sinks[name].got) == 150 for name in sent),
    )
    assert {name: sinks[name].got for name in sent} == sent
    if not stall:
        for name in sent:
            assert [
                b - a for a, b in zip(sources[name].taken, sinks[name].cycles, strict=True)
            ] == [1] * 150, name
