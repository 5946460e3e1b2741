"""Drives the streams of one component in Amaranth's simulator and notes in which cycle each beat
moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from amaranth.hdl import Value
from amaranth.lib import wiring
from amaranth.sim import Simulator


@dataclass
class Log:
    """Beats of one stream: payloads, and the cycle of each transfer."""

    data: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)


def drive(
    component: wiring.Component,
    feeds: dict[str, Iterable[int]],
    drains: dict[str, int],
    *,
    idle: float = 0.0,
    stall: float = 0.0,
    seed: int = 0,
    bound: int = 100_000,
    watch: Callable[[Any, int], None] | None = None,
) -> dict[str, Log]:
    """Feeds payloads into streams and takes ``drains[port]`` beats from others, with random idles
    and stalls.

    Checks on the way that a stream holds its payload while it waits. ``watch(ctx, cycle)`` sees
    every cycle before its clock edge.
    """
    logs = {name: Log() for name in [*feeds, *drains]}
    queues = {name: list(data) for name, data in feeds.items()}
    rng = np.random.default_rng(seed)

    async def bench(ctx: Any) -> None:
        offering = dict.fromkeys(feeds, False)
        waiting: dict[str, int] = {}
        for cycle in range(bound):
            for name, queue in queues.items():
                port = getattr(component, name)
                offering[name] = bool(queue) and (offering[name] or rng.random() >= idle)
                ctx.set(port.valid, offering[name])
                if offering[name]:
                    ctx.set(Value.cast(port.payload), queue[0])
            for name, count in drains.items():
                ctx.set(
                    getattr(component, name).ready,
                    len(logs[name].data) < count and rng.random() >= stall,
                )
            if watch is not None:
                watch(ctx, cycle)
            for name in feeds:
                if offering[name] and ctx.get(getattr(component, name).ready):
                    logs[name].data.append(queues[name].pop(0))
                    logs[name].times.append(cycle)
                    offering[name] = False
            for name in drains:
                port = getattr(component, name)
                valid, payload = ctx.get(port.valid), ctx.get(Value.cast(port.payload))
                if name in waiting:
                    assert valid and payload == waiting[name], (
                        f"{name}: a waiting beat changed in cycle {cycle}"
                    )
                    del waiting[name]
                if valid and ctx.get(port.ready):
                    logs[name].data.append(payload)
                    logs[name].times.append(cycle)
                elif valid:
                    waiting[name] = payload
            await ctx.tick()
            if all(len(logs[name].data) == count for name, count in drains.items()):
                return
        raise AssertionError(
            f"hang: { {name: len(log.data) for name, log in logs.items()} } after {bound} cycles"
        )

    simulator = Simulator(component)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return logs


def unpack(word: int, width: int, count: int, *, signed: bool = False) -> list[int]:
    """The numbers in a payload, the first in the lowest bits."""
    numbers = [(word >> (i * width)) & ((1 << width) - 1) for i in range(count)]
    return [n - (1 << width) if signed and n >> (width - 1) else n for n in numbers]


def pack(numbers: Iterable[int], width: int) -> int:
    return sum((int(n) & ((1 << width) - 1)) << (i * width) for i, n in enumerate(numbers))
