"""Reader and writer on a memory that pauses at random: data, bursts, how many are under way, and
how fast it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from amaranth import Const, Elaboratable, Module
from amaranth.sim import Simulator
from spikeloom_hw.shell.reader import Reader
from spikeloom_hw.shell.writer import Writer

from tests.hw.shell.memory import Memory, Ports

BASE = 0x8000


class Both(Elaboratable):
    """Reader and writer on one port."""

    def __init__(self, width: int, **how: int) -> None:
        self.reader = Reader(width=width, address_width=32, **how)
        self.writer = Writer(width=width, address_width=32)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.reader, m.submodules.writer = self.reader, self.writer
        return m

    def ports(self, width: int) -> Ports:
        table: dict[str, Any] = {}
        for name, channel in (
            ("ar", self.reader.ar),
            ("aw", self.writer.aw),
            ("r", self.reader.r),
            ("w", self.writer.w),
        ):
            table |= {f"{name}valid": channel.valid, f"{name}ready": channel.ready}
            table |= {
                name + part: getattr(channel.payload, part)
                for part in channel.payload.shape().members
            }
        for way in ("ar", "aw"):
            table |= {
                f"{way}size": Const((width // 8).bit_length() - 1, 3),
                f"{way}burst": Const(1, 2),
            }
        table |= {
            "bvalid": self.writer.b.valid,
            "bready": self.writer.b.ready,
            "bresp": self.writer.b.payload,
        }
        return table.__getitem__


@dataclass
class Trace:
    """Cycles, counted from ``go`` on."""

    words: list[int] = field(default_factory=list)
    asked: int = 0
    came: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    ends: int = 0
    moved: int = 0


def simulate(both: Both, bench: Any) -> None:
    simulator = Simulator(both)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


def read(
    memory: Memory, address: int, count: int, *, stall: float = 0.0, bound: int = 20_000, **how: int
) -> Trace:
    """``count`` words from ``address``."""
    both, trace = Both(memory.width, **how), Trace()
    ports, rng, reader = both.ports(memory.width), np.random.default_rng(5), both.reader

    async def bench(ctx: Any) -> None:
        ctx.set(reader.address, address)
        ctx.set(reader.words, count)
        for cycle in range(bound):
            ctx.set(reader.go, cycle == 0)
            ctx.set(reader.o.ready, rng.random() >= stall)
            memory.drive(ctx, ports)
            trace.asked = trace.asked or cycle * ctx.get(reader.ar.valid)
            if ctx.get(reader.r.valid):
                trace.came.append(cycle)
            trace.moved += ctx.get(reader.moved)
            if ctx.get(reader.o.valid) and ctx.get(reader.o.ready):
                trace.words.append(ctx.get(reader.o.payload))
                trace.left.append(cycle)
            assert not (
                ctx.get(reader.protocol) or ctx.get(reader.slverr) or ctx.get(reader.decerr)
            )
            memory.observe(ctx, ports)
            await ctx.tick()
            if len(trace.words) == count:
                break
        assert (
            ctx.get(reader.complete)
            and ctx.get(reader.empty)
            and not ctx.get(reader.asking)
            and not ctx.get(reader.awaiting)
        )
        assert ctx.get(reader.words_read) == count

    simulate(both, bench)
    return trace


def stored(memory: Memory, address: int, count: int) -> list[int]:
    step = memory.step
    return [
        int.from_bytes(
            memory.bytes[address + k * step : address + (k + 1) * step].tobytes(), "little"
        )
        for k in range(count)
    ]


def bursts(address: int, count: int, step: int) -> list[tuple[int, int]]:
    """Bursts that end at multiples of 16 words."""
    found, word, end = [], address // step, address // step + count
    while word < end:
        after = min(end, (word // 16 + 1) * 16)
        found.append((word * step, after - word))
        word = after
    return found


@pytest.mark.parametrize("slow", [{}, {"latency": (1, 90), "stall": 0.4}])
@pytest.mark.parametrize("width", [64, 128])
@pytest.mark.parametrize(
    ("first", "count"), [(0, 1), (15, 1), (15, 2), (3, 300), (0, 64), (500, 40), (7, 9)]
)
def test_read(first: int, count: int, width: int, slow: dict) -> None:
    memory = Memory(width, seed=first, **slow)
    address = BASE + first * memory.step
    trace = read(memory, address, count, stall=0.3 if slow else 0.0)
    assert trace.words == stored(memory, address, count)
    assert memory.bursts["ar"] == bursts(address, count, memory.step) and memory.most["ar"] <= 8
    if not slow:
        assert trace.asked == 3 and trace.left[0] == trace.came[0] + 2
        assert trace.moved == len(
            set(trace.came) | {3 * (k + 1) for k in range(len(memory.bursts["ar"]))}
        )


def test_many_reads_are_under_way() -> None:
    """A memory with a latency of 90 cycles gives a word in every cycle, but for those of the first
    one.
    """
    memory = Memory(64, (90, 90))
    trace = read(memory, BASE, 1000)
    assert memory.most["ar"] in (7, 8) and trace.left[-1] - trace.left[0] == 999


def test_no_more_is_asked_for_than_there_is_room() -> None:
    """A consumer that takes nothing: the reader stops by itself, and loses nothing."""
    memory = Memory(64)
    trace = read(memory, BASE, 300, stall=0.97, depth=32)
    assert trace.words == stored(memory, BASE, 300)


def write(
    memory: Memory,
    address: int,
    words: list[int],
    lanes: int,
    *,
    idle: float = 0.0,
    bound: int = 20_000,
) -> Trace:
    """Words, of the last one only the values of ``lanes``."""
    both, trace = Both(memory.width), Trace()
    ports, rng, writer = both.ports(memory.width), np.random.default_rng(5), both.writer
    whole = (1 << memory.width // 32) - 1

    async def bench(ctx: Any) -> None:
        ctx.set(writer.address, address)
        index = offering = 0
        for cycle in range(bound):
            ctx.set(writer.go, cycle == 0)
            offering = int(0 < cycle and index < len(words) and (offering or rng.random() >= idle))
            ctx.set(writer.i.valid, offering)
            if offering:
                last = index == len(words) - 1
                ctx.set(
                    writer.i.payload,
                    {"data": words[index], "lanes": lanes if last else whole, "last": last},
                )
            if offering and ctx.get(writer.i.ready):
                trace.came.append(cycle)
                index, offering = index + 1, 0
            memory.drive(ctx, ports)
            if ctx.get(writer.aw.valid) and not trace.asked:
                trace.asked = cycle
            if ctx.get(writer.w.valid) and ctx.get(writer.w.ready):
                trace.sent.append(cycle)
            assert not (
                ctx.get(writer.protocol) or ctx.get(writer.slverr) or ctx.get(writer.decerr)
            )
            memory.observe(ctx, ports)
            await ctx.tick()
            if ctx.get(writer.complete):
                break
        assert not ctx.get(writer.sending) and not ctx.get(writer.awaiting)
        assert ctx.get(writer.words_written) == len(words) == index

    simulate(both, bench)
    return trace


@pytest.mark.parametrize("slow", [{}, {"latency": (1, 90), "stall": 0.4}])
@pytest.mark.parametrize(("width", "lanes"), [(64, 1), (64, 3), (128, 1), (128, 7), (128, 15)])
@pytest.mark.parametrize(
    ("first", "count"), [(0, 1), (15, 1), (15, 2), (3, 300), (0, 64), (500, 40)]
)
def test_write(first: int, count: int, width: int, lanes: int, slow: dict) -> None:
    memory = Memory(width, seed=first, **slow)
    before, address, step = memory.bytes.copy(), BASE + first * memory.step, memory.step
    rng = np.random.default_rng(count)
    words = [int.from_bytes(rng.bytes(step), "little") for _ in range(count)]
    trace = write(memory, address, words, lanes, idle=0.3 if slow else 0.0)
    data = b"".join(word.to_bytes(step, "little") for word in words)[
        : (count - 1) * step + lanes.bit_length() * 4
    ]
    before[address : address + len(data)] = np.frombuffer(data, dtype=np.uint8)
    np.testing.assert_array_equal(memory.bytes, before)
    assert memory.bursts["aw"] == bursts(address, count, step) and memory.most["aw"] <= 4
    if not slow:
        first_burst = memory.bursts["aw"][0][1]
        assert trace.asked == trace.came[first_burst - 1] + 2
        assert trace.sent[:first_burst] == [trace.asked + k for k in range(first_burst)]


def test_several_writes_are_under_way() -> None:
    memory = Memory(64, (100, 100))
    write(memory, BASE, list(range(400)), 3)
    assert memory.most["aw"] == 4


@pytest.mark.parametrize("component", [Reader, Writer])
def test_refused(component: Any) -> None:
    for wrong in ({"width": 48}, {"depth": 8}, {"depth": 100}):
        with pytest.raises(ValueError, match="expected"):
            component(**{"width": 64, "address_width": 32, **wrong})


@pytest.mark.parametrize("cycle", range(4, 14))
def test_stop(cycle: int) -> None:
    """Nothing is asked for or sent after a stop but what is on offer; what is under way is
    awaited.
    """
    memory = Memory(64, (20, 20), 0.3, cycle)
    both = Both(64)
    ports = both.ports(64)

    async def bench(ctx: Any) -> None:
        for part in (both.reader, both.writer):
            ctx.set(part.address, BASE)
        ctx.set(both.reader.words, 500)
        ctx.set(both.writer.i.payload, {"data": 5, "lanes": 3, "last": 0})
        begun = {"ar": 0, "aw": 0}
        for now in range(200):
            for part in (both.reader, both.writer):
                ctx.set(part.go, now == 0)
                ctx.set(part.stop, now >= 20 * (part is both.writer) + cycle)
            ctx.set(both.writer.i.valid, 0 < now < 120)
            memory.drive(ctx, ports)
            for way, at in (("ar", cycle), ("aw", cycle + 20)):
                if now == at:
                    begun[way] = len(memory.bursts[way]) + ctx.get(ports(f"{way}valid"))
            memory.observe(ctx, ports)
            await ctx.tick()
        assert begun == {
            way: len(bursts) for way, bursts in memory.bursts.items()
        } and memory.in_flight == {"ar": 0, "aw": 0}
        assert begun["ar"] and begun["aw"]
        assert not any(
            ctx.get(s)
            for s in (
                both.reader.asking,
                both.reader.awaiting,
                both.writer.sending,
                both.writer.awaiting,
            )
        )

    simulate(both, bench)
