"""What is measured: latencies, intervals, the log, waits; and the gate that images come through."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator
from spikeloom.interface.registers import LOG_DEPTH
from spikeloom_hw.shell.gate import Gate
from spikeloom_hw.shell.monitor import IN_FLIGHT, Monitor

ALL_ONES = (1 << 32) - 1


def simulate(dut: Elaboratable, bench: Any) -> None:
    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


class Reference:
    """The definitions, in Python."""

    def __init__(self) -> None:
        self.clear()
        self.flight: deque[int] = deque()
        self.before: int | None = None

    def clear(self) -> None:
        self.log: list[tuple[int, int]] = []
        self.intervals: list[int] = []
        self.waits = [0, 0]

    def finish(self, cycle: int) -> None:
        latency = cycle - self.flight.popleft() + 1
        interval = 0 if self.before is None else cycle - self.before
        self.log.append((latency, interval))
        if self.before is not None:
            self.intervals.append(interval)
        self.before = cycle

    def figures(self) -> dict[str, int]:
        found = {"input_wait": self.waits[0], "output_wait": self.waits[1]}
        for name, values in (
            ("latency", [entry[0] for entry in self.log]),
            ("interval", self.intervals),
        ):
            found |= {
                f"{name}_min": min(values, default=ALL_ONES),
                f"{name}_max": max(values, default=0),
            }
            found |= {f"{name}_sum": sum(values), f"{name}_count": len(values)}
        return found


async def check(ctx: Any, dut: Monitor, wanted: Reference) -> None:
    await ctx.tick().repeat(3)
    assert {name: ctx.get(getattr(dut, name)) for name in wanted.figures()} == wanted.figures()
    for k in range(LOG_DEPTH):
        ctx.set(dut.log_address, k)
        await ctx.tick().repeat(2)
        entries = wanted.log[k::LOG_DEPTH]
        latency, interval = entries[-1] if entries else (0, 0)
        assert ctx.get(dut.log_data) == latency | interval << 32, f"entry {k}"


@pytest.mark.parametrize("seed", range(2))
def test_random_comings_and_goings(seed: int) -> None:
    """Two rounds, with a clear in between; more images than the log holds; jobs that begin and
    networks that are reset.
    """
    dut, wanted, rng = Monitor(), Reference(), np.random.default_rng(seed)

    async def bench(ctx: Any) -> None:
        for images in (700, 40):
            start = ctx.get(dut.cycle)
            assert ctx.get(dut.latency_min) == ALL_ONES or images == 700
            while len(wanted.log) < images:
                cycle = ctx.get(dut.cycle)
                flying, room = bool(wanted.flight), len(wanted.flight) < IN_FLIGHT
                assert (ctx.get(dut.flying), ctx.get(dut.room)) == (flying, room)
                kind = rng.random()
                started, finished = room and rng.random() < 0.6, flying and rng.random() < 0.5
                go, flush = kind < 0.05 and not flying, kind > 0.998
                waits = rng.random(2) < 0.3
                for name, value in (
                    ("started", started),
                    ("finished", finished),
                    ("go", go),
                    ("flush", flush),
                ):
                    ctx.set(
                        getattr(dut, name),
                        bool(value)
                        and not (flush and name != "flush")
                        and not (go and name == "finished"),
                    )
                ctx.set(dut.waits_input, bool(waits[0]))
                ctx.set(dut.waits_output, bool(waits[1]))
                if flush:
                    wanted.flight.clear()
                else:
                    if started:
                        wanted.flight.append(cycle)
                    if finished and not go:
                        wanted.finish(cycle)
                if go or flush:
                    wanted.before = None
                wanted.waits = [
                    total + int(wait) for total, wait in zip(wanted.waits, waits, strict=True)
                ]
                await ctx.tick()
                assert ctx.get(dut.cycle) == cycle + 1
            for name in ("started", "finished", "go", "flush", "waits_input", "waits_output"):
                ctx.set(getattr(dut, name), 0)
            await check(ctx, dut, wanted)
            assert ctx.get(dut.cycle) > start
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            wanted.clear()
            await check(ctx, dut, wanted)

    simulate(dut, bench)


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("beats", [1, 2, 5])
def test_gate(beats: int, single: bool) -> None:
    """Exactly the beats of the job pass; an image waits for room, or for the one before; none of it
    holds a begun image back.
    """
    dut, rng, images = Gate(width=8, beats=beats), np.random.default_rng(beats), 6

    async def bench(ctx: Any) -> None:
        ctx.set(dut.open, 1)
        ctx.set(dut.single, single)
        ctx.set(dut.last_image, images - 1)
        for _ in range(2):
            ctx.set(dut.begin, 1)
            ctx.set(dut.go, 1)
            await ctx.tick()
            ctx.set(dut.begin, 0)
            ctx.set(dut.go, 0)
            passed = 0
            for cycle in range(400):
                valid, ready, room, flying = (bool(rng.random() < 0.7) for _ in range(4))
                for name, value in (("room", room), ("flying", flying)):
                    ctx.set(getattr(dut, name), value)
                ctx.set(dut.i.valid, valid)
                ctx.set(dut.i.payload, cycle & 255)
                ctx.set(dut.o.ready, ready)
                inside, due = passed % beats != 0, passed < beats * images
                may = due and (inside or (room and not (single and flying)))
                assert (
                    ctx.get(dut.o.valid) == (valid and may)
                    and ctx.get(dut.o.payload) == cycle & 255
                )
                assert ctx.get(dut.i.ready) == (ready and may)
                assert ctx.get(dut.waiting) == (may and ready and not valid)
                assert ctx.get(dut.started) == (valid and may and ready and not inside)
                assert ctx.get(dut.exhausted) == (not due) and ctx.get(dut.images_in) == -(
                    -passed // beats
                )
                passed += valid and may and ready
                await ctx.tick()
            assert passed == beats * images
        ctx.set(dut.open, 0)
        ctx.set(dut.go, 1)
        await ctx.tick()
        ctx.set(dut.i.valid, 1)
        assert not ctx.get(dut.o.valid)

    simulate(dut, bench)


def test_gate_refuses() -> None:
    with pytest.raises(ValueError, match="expected"):
        Gate(width=8, beats=0)
