"""The control bus and the register bank: every register of the description, and every way to write
one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from amaranth import Elaboratable, Module, ResetInserter, Signal
from amaranth.sim import Simulator
from spikeloom.interface.registers import (
    ADDRESS_WIDTH,
    COUNTERS,
    LOG,
    LOG_DEPTH,
    MAGIC,
    REGISTERS,
    VERSION,
    Register,
    register,
)
from spikeloom_hw.shell.bank import Bank
from spikeloom_hw.shell.lite import SPACING, WAIT, Lite

IDENTITY = "".join(f"{k:02x}" for k in range(100, 132))
CONSTANT = {"magic", "version", "capabilities", "counter_count", "identity"}


def bank(**how: Any) -> Bank:
    return Bank(
        **{"address_width": 40, "memory_width": 128, "counters": 77, "identity": IDENTITY, **how}
    )


class Together(Elaboratable):
    """Bus and bank, and a network that answers a counter's address two cycles later, the log one
    cycle later.
    """

    def __init__(self, made: Bank) -> None:
        self.lite, self.bank = Lite(address_width=ADDRESS_WIDTH), made

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.lite, m.submodules.bank = lite, bank = self.lite, self.bank
        names = ("write", "write_address", "write_data", "read", "read_address")
        m.d.comb += [
            *(getattr(bank, name).eq(getattr(lite, name)) for name in names),
            lite.data.eq(bank.data),
        ]
        late = Signal.like(bank.counter_address)
        m.d.sync += [
            late.eq(bank.counter_address),
            bank.counter_data.eq((late + 1) * 0x1_0001_0001),
            bank.log_data.eq(bank.log_address << 30),
        ]
        return m


class Bus:
    """Random waits on every channel, and a note of the cycles."""

    def __init__(self, ctx: Any, lite: Lite, seed: int = 0, wait: float = 0.0) -> None:
        self.ctx, self.lite, self.rng, self.wait, self.cycle = (
            ctx,
            lite,
            np.random.default_rng(seed),
            wait,
            0,
        )
        self.before = -SPACING

    async def tick(self) -> None:
        self.cycle += 1
        await self.ctx.tick()

    async def pause(self) -> None:
        while self.rng.random() < self.wait:
            await self.tick()

    async def poke(self, address: int, value: int, strobe: int = 15) -> None:
        ctx, lite = self.ctx, self.lite
        todo = (
            {"aw": self.rng.integers(1, 6), "w": self.rng.integers(1, 6)}
            if self.wait
            else {"aw": 0, "w": 0}
        )
        start = self.cycle
        ctx.set(lite.awaddr, address)
        ctx.set(lite.wdata, value)
        ctx.set(lite.wstrb, strobe)
        taken = 0
        while todo:
            for name in list(todo):
                if self.cycle - start >= todo[name]:
                    ctx.set(getattr(lite, f"{name}valid"), 1)
                    if ctx.get(getattr(lite, f"{name}ready")):
                        del todo[name]
            taken = self.cycle
            before = [n for n in ("aw", "w") if n not in todo]
            await self.tick()
            for name in before:
                ctx.set(getattr(lite, f"{name}valid"), 0)
        for _ in range(50):
            ready = self.rng.random() >= self.wait
            ctx.set(lite.bready, ready)
            if ctx.get(lite.bvalid) and ready:
                assert ctx.get(lite.bresp) == 0
                assert self.wait or self.cycle == max(taken + 2, self.before + SPACING)
                self.before = self.cycle
                await self.tick()
                ctx.set(lite.bready, 0)
                return
            await self.tick()
        raise AssertionError("no response")

    async def peek(self, address: int) -> int:
        ctx, lite = self.ctx, self.lite
        await self.pause()
        ctx.set(lite.araddr, address)
        ctx.set(lite.arvalid, 1)
        while not ctx.get(lite.arready):
            await self.tick()
        taken = self.cycle
        await self.tick()
        ctx.set(lite.arvalid, 0)
        ctx.set(lite.araddr, int(self.rng.integers(0, 1 << 16)))
        while not ctx.get(lite.rvalid):
            await self.tick()
        assert self.cycle == taken + WAIT + 2
        value = ctx.get(lite.rdata)
        await self.pause()
        assert ctx.get(lite.rvalid) and ctx.get(lite.rdata) == value and ctx.get(lite.rresp) == 0
        ctx.set(lite.rready, 1)
        await self.tick()
        ctx.set(lite.rready, 0)
        return int(value)

    async def read(self, where: Register) -> int:
        low = await self.peek(where.offset)
        return low if where.width == 32 else low | await self.peek(where.offset + 4) << 32


def play(story: Any, made: Bank | None = None, **how: Any) -> None:
    dut = Together(made or bank())

    async def bench(ctx: Any) -> None:
        await story(Bus(ctx, dut.lite, **how), dut.bank)

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("wait", [0.0, 0.5])
def test_constants(wait: float) -> None:
    async def story(bus: Bus, bank: Bank) -> None:
        del bank
        capabilities = register("capabilities")
        value = await bus.read(capabilities)
        assert (
            value & capabilities["memory_bytes"].mask == 16
            and not value & capabilities["runtime_weights"].mask
        )
        assert (
            await bus.peek(0),
            await bus.peek(4),
            await bus.read(register("counter_count")),
        ) == (MAGIC, VERSION, 77)
        words = [await bus.peek(register("identity").offset + 4 * k) for k in range(8)]
        assert b"".join(word.to_bytes(4, "big") for word in words).hex() == IDENTITY

    play(story, wait=wait)


def test_every_register_that_reads() -> None:
    """Fields at their bits, 64 bits in two halves that belong together although the value has moved
    on.
    """

    async def story(bus: Bus, bank: Bank) -> None:
        rng = np.random.default_rng(1)
        for where in REGISTERS:
            if where.access != "ro" or where.name in CONSTANT:
                continue
            if where.fields:
                for field in where.fields:
                    port = getattr(bank, f"{where.name}_{field.name}")
                    bus.ctx.set(port, field.mask >> field.bit)
                    assert await bus.read(where) == field.mask
                    bus.ctx.set(port, 0)
                continue
            value = int.from_bytes(rng.bytes(where.width // 8), "little")
            bus.ctx.set(getattr(bank, where.name), value)
            low = await bus.peek(where.offset)
            bus.ctx.set(getattr(bank, where.name), 0)
            assert low == value & 0xFFFF_FFFF
            if where.width == 64:
                assert await bus.peek(where.offset + 4) == value >> 32

    play(story, bank(steps=5))


def test_every_register_to_write() -> None:
    async def story(bus: Bus, bank: Bank) -> None:
        held: dict[str, int] = {}
        rng = np.random.default_rng(2)
        for where in [r for r in REGISTERS if r.access == "rw"] * 2:
            value = int.from_bytes(rng.bytes(where.width // 8), "little")
            for half in range(where.width // 32):
                await bus.poke(where.offset + 4 * half, value >> 32 * half & 0xFFFF_FFFF)
                await bus.poke(
                    where.offset + 4 * half,
                    int(rng.integers(0, 1 << 32)),
                    strobe=int(rng.integers(0, 15)),
                )
            held[where.name] = value & ((1 << len(getattr(bank, where.name))) - 1)
            for name, expected in held.items():
                assert (
                    bus.ctx.get(getattr(bank, name)) == expected
                    and await bus.read(register(name)) == expected
                )
        assert len(bank.input_address) == 40 and len(bank.images) == 32

    play(story, bank(steps=5), wait=0.4)


def test_actions() -> None:
    """Each bit of ``control`` is high for one cycle, alone; a write elsewhere is none."""

    async def story(bus: Bus, bank: Bank) -> None:
        where = register("control")
        counts = dict.fromkeys((field.name for field in where.fields), 0)

        async def tick() -> None:
            for name in counts:
                counts[name] += bus.ctx.get(getattr(bank, f"control_{name}"))
            bus.cycle += 1
            await bus.ctx.tick()

        bus.tick = tick  # type: ignore[method-assign]
        for k, field in enumerate(where.fields):
            await bus.poke(where.offset, field.mask)
            await bus.poke(where.offset + 4, 0xFF)
            await bus.poke(where.offset, 0xFF, strobe=1)
            assert list(counts.values()) == [1] * (k + 1) + [0] * (len(counts) - k - 1)
            assert await bus.read(where) == 0

    play(story)


def test_errors_stay_until_they_are_cleared() -> None:
    async def story(bus: Bus, bank: Bank) -> None:
        where = register("error")
        for field in where.fields:
            bus.ctx.set(bank.error_set, field.mask)
            await bus.tick()
            bus.ctx.set(bank.error_set, 0)
        assert await bus.read(where) == (1 << len(where.fields)) - 1
        await bus.poke(where.offset, 0b101)
        assert await bus.read(where) == (1 << len(where.fields)) - 1 - 0b101
        bus.ctx.set(bank.error_set, 0b10)
        await bus.poke(where.offset, 0xFFFF_FFFF)
        assert await bus.read(where) == 0b10, "an error in the cycle of the write is not lost"

    play(story)


def test_addresses_of_nothing_read_zero() -> None:
    taken = {r.offset + 4 * k for r in REGISTERS for k in range(r.size // 4)}

    async def story(bus: Bus, bank: Bank) -> None:
        for address in [a for a in range(0, 0x140, 4) if a not in taken] + [
            COUNTERS - 4,
            LOG + 8 * LOG_DEPTH,
            0xFFFC,
        ]:
            await bus.poke(address, 0xFFFF_FFFF)
            assert await bus.peek(address) == 0

    play(story)


def test_counters_and_log() -> None:
    async def story(bus: Bus, bank: Bank) -> None:
        for k in (0, 1, 77, (LOG - COUNTERS) // 8 - 1):
            value = (k + 1) * 0x1_0001_0001
            assert await bus.peek(COUNTERS + 8 * k) == value & 0xFFFF_FFFF
            assert await bus.peek(0) == MAGIC
            assert await bus.peek(COUNTERS + 8 * k + 4) == value >> 32
        for k in (0, 5, LOG_DEPTH - 1):
            assert await bus.peek(LOG + 8 * k) == k << 30 & 0xFFFF_FFFF
            assert await bus.peek(LOG + 8 * (k ^ 1) + 4) == k >> 2, (
                "the high half is kept, whatever is there meanwhile"
            )

    play(story)


def test_nothing_is_taken_in_reset() -> None:
    """A master that is awake earlier waits, and is answered afterwards."""
    reset = Signal()
    dut = Together(bank())

    async def story(ctx: Any) -> None:
        lite = dut.lite
        ctx.set(reset, 1)
        for name, value in (
            ("awaddr", register("images").offset),
            ("wdata", 77),
            ("wstrb", 15),
            ("araddr", 0),
        ):
            ctx.set(getattr(lite, name), value)
        for name in ("awvalid", "wvalid", "arvalid", "bready", "rready"):
            ctx.set(getattr(lite, name), 1)
        for cycle in range(20):
            ctx.set(reset, cycle < 8)
            taken = [name for name in ("aw", "w", "ar") if ctx.get(getattr(lite, f"{name}ready"))]
            assert not taken or cycle > 8
            await ctx.tick()
            for name in taken:
                ctx.set(getattr(lite, f"{name}valid"), 0)
            for name in answers:
                answers[name] += ctx.get(getattr(lite, f"{name}valid"))
        assert ctx.get(dut.bank.images) == 77

    answers = {"b": 0, "r": 0}
    simulator = Simulator(ResetInserter(reset)(dut))
    simulator.add_clock(1e-8)
    simulator.add_testbench(story)
    simulator.run()
    assert answers == {"b": 1, "r": 1}


def test_refused() -> None:
    for wrong in ({"identity": "12"}, {"counters": 0}, {"counters": 1 << 12}):
        with pytest.raises(ValueError, match="expected"):
            bank(**wrong)
    with pytest.raises(ValueError, match="expected"):
        Lite(address_width=2)
