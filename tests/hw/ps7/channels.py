"""Both ends of a valid/ready stream in Amaranth's simulator, with stalls, and the rule that what
waits stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator

LIMIT = 20_000


def plain(value: Any) -> Any:
    """A payload as numbers: a struct as a dict."""
    shape = getattr(value, "shape", None)
    members = getattr(shape(), "members", None) if shape is not None else None
    return {name: int(value[name]) for name in members} if members is not None else int(value)


class Source:
    """Offers payloads one after the other; ``idle`` is the chance that it waits before one, per
    cycle.
    """

    def __init__(
        self, stream: Any, payloads: Sequence[Any], rng: np.random.Generator, idle: float = 0.0
    ) -> None:
        self.stream, self.payloads, self.rng, self.idle = stream, list(payloads), rng, idle
        self.taken: list[int] = []
        self.offering = False

    def drive(self, ctx: Any, cycle: int) -> None:
        if not self.offering:
            self.offering = len(self.taken) < len(self.payloads) and self.rng.random() >= self.idle
            if self.offering:
                ctx.set(self.stream.payload, self.payloads[len(self.taken)])
            ctx.set(self.stream.valid, self.offering)

    def look(self, ctx: Any, cycle: int) -> None:
        if self.offering and ctx.get(self.stream.ready):
            self.taken.append(cycle)
            self.offering = False

    @property
    def done(self) -> bool:
        return len(self.taken) == len(self.payloads)


class Sink:
    """Takes payloads; ``stall`` is the chance that it does not, per cycle."""

    def __init__(self, stream: Any, rng: np.random.Generator, stall: float = 0.0) -> None:
        self.stream, self.rng, self.stall = stream, rng, stall
        self.got: list[Any] = []
        self.cycles: list[int] = []
        self.waiting: Any = None

    def drive(self, ctx: Any, cycle: int) -> None:
        ctx.set(self.stream.ready, self.rng.random() >= self.stall)

    def look(self, ctx: Any, cycle: int) -> None:
        valid, now = ctx.get(self.stream.valid), plain(ctx.get(self.stream.payload))
        assert self.waiting is None or (valid and now == self.waiting), (
            f"{self.waiting} waited and is gone in cycle {cycle}"
        )
        taken = valid and ctx.get(self.stream.ready)
        self.waiting = now if valid and not taken else None
        if taken:
            self.got.append(now)
            self.cycles.append(cycle)


def play(dut: Elaboratable, ends: Sequence[Any], done: Callable[[], bool], rest: int = 20) -> None:
    """Runs until ``done``, and some cycles more, in which nothing may come that is not expected.
    Fails after ``LIMIT`` cycles.
    """

    async def bench(ctx: Any) -> None:
        left = rest
        for cycle in range(LIMIT):
            for end in ends:
                end.drive(ctx, cycle)
            for end in ends:
                end.look(ctx, cycle)
            await ctx.tick()
            left -= done()
            if left == 0:
                return
        raise AssertionError(f"not done in {LIMIT} cycles")

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
