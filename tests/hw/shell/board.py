"""A shell with its memory in Amaranth's simulator, and the registers as a driver sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from amaranth.hdl import Elaboratable
from amaranth.sim import Simulator
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import LOG, register
from spikeloom_hw.shell.engine import Engine
from spikeloom_hw.shell.shell import Shell

from tests.hw.shell.memory import Memory, ports_of
from tests.packing import laid

INPUT, OUTPUT, WEIGHTS = 0x4000, 0x8000, 0x1_0000
LIMIT = 20_000
QUIET = 300


class Board:
    """Reads and writes registers, runs jobs. All of it inside one simulation, see :func:`play`."""

    def __init__(self, ctx: Any, shell: Shell, memory: Memory) -> None:
        self.ctx, self.shell, self.memory = ctx, shell, memory

    def port(self, name: str) -> Any:
        return getattr(self.shell, f"s_axi_control_{name}")

    async def until(self, name: str) -> None:
        """Wait until a signal of the control bus is high; returns after that cycle."""
        for _ in range(100):
            high = self.ctx.get(self.port(name))
            await self.ctx.tick()
            if high:
                return
        raise AssertionError(f"{name}: nothing in 100 cycles")

    async def poke(self, address: int, value: int, strobe: int = 15) -> None:
        for name, what in (
            ("awaddr", address),
            ("wdata", value),
            ("wstrb", strobe),
            ("awvalid", 1),
            ("wvalid", 1),
            ("bready", 1),
        ):
            self.ctx.set(self.port(name), what)
        await self.until("awready")
        self.ctx.set(self.port("awvalid"), 0)
        self.ctx.set(self.port("wvalid"), 0)
        await self.until("bvalid")

    async def post(self, *writes: tuple[int, int]) -> None:
        """Write without waiting for responses: the next address and word are there as soon as the
        ones before are taken.
        """
        self.ctx.set(self.port("bready"), 1)
        for address, value in writes:
            for name, what in (
                ("awaddr", address),
                ("wdata", value),
                ("wstrb", 15),
                ("awvalid", 1),
                ("wvalid", 1),
            ):
                self.ctx.set(self.port(name), what)
            await self.until("awready")
        for name in ("awvalid", "wvalid"):
            self.ctx.set(self.port(name), 0)
        await self.ctx.tick().repeat(10)

    async def peek(self, address: int) -> int:
        self.ctx.set(self.port("araddr"), address)
        self.ctx.set(self.port("arvalid"), 1)
        await self.until("arready")
        self.ctx.set(self.port("arvalid"), 0)
        self.ctx.set(self.port("rready"), 1)
        for _ in range(100):
            if self.ctx.get(self.port("rvalid")):
                value = self.ctx.get(self.port("rdata"))
                await self.ctx.tick()
                return int(value)
            await self.ctx.tick()
        raise AssertionError("rvalid: nothing in 100 cycles")

    async def get(self, name: str) -> int:
        where = register(name)
        value = await self.peek(where.offset)
        return value if where.width == 32 else value | await self.peek(where.offset + 4) << 32

    async def set(self, name: str, value: int) -> None:
        where = register(name)
        for half in range(where.width // 32):
            await self.poke(where.offset + 4 * half, value >> (32 * half) & 0xFFFF_FFFF)

    async def act(self, *names: str) -> None:
        await self.set("control", sum(register("control")[name].mask for name in names))

    async def flags(self, name: str) -> set[str]:
        value = await self.get(name)
        return {field.name for field in register(name).fields if value & field.mask}

    async def counter(self, address: int) -> int:
        return await self.peek(0x1000 + 8 * address) | await self.peek(0x1004 + 8 * address) << 32

    async def log(self, count: int) -> list[tuple[int, int]]:
        return [
            (await self.peek(LOG + 8 * k), await self.peek(LOG + 8 * k + 4)) for k in range(count)
        ]

    async def start(
        self,
        images: int,
        *,
        words: int | None = None,
        single: bool = False,
        at: tuple[int, int] = (INPUT, OUTPUT),
    ) -> None:
        step = self.memory.step
        needed = -(-images * self.shell.manifest.input.image_bytes // step)
        for name, value in (
            ("input_address", at[0]),
            ("output_address", at[1]),
            ("images", images),
            ("input_words", needed if words is None else words),
            ("settings", int(single)),
        ):
            await self.set(name, value)
        await self.act("start")

    async def load(self, words: np.ndarray, at: int = WEIGHTS, count: int | None = None) -> None:
        """Start a load of these words of 32 bits."""
        data = words.astype("<u4").tobytes()
        self.memory.bytes[at : at + len(data)] = np.frombuffer(data, dtype=np.uint8)
        await self.set("input_address", at)
        await self.set("input_words", -(-len(data) // self.memory.step) if count is None else count)
        await self.act("load")

    async def status(self) -> set[str]:
        """The state of the job: the status without what it says of weights."""
        return await self.flags("status") - {"weights"}

    async def wait(self, limit: int = LIMIT) -> set[str]:
        """Until the job has ended; the state of the job."""
        for _ in range(limit // 10):
            status = await self.status()
            if "busy" not in status:
                return status
        raise AssertionError(
            f"a job does not end: {await self.status()}, error {await self.flags('error')}"
        )

    def results(self, images: int, at: int = OUTPUT) -> np.ndarray:
        """Values in the output buffer (images, beats)."""
        beats = self.shell.manifest.output.beats
        return np.frombuffer(
            self.memory.bytes[at : at + 4 * images * beats].tobytes(), dtype="<i4"
        ).reshape(images, beats)


def fill(manifest: Manifest, memory: Memory, words: np.ndarray, at: int = INPUT) -> None:
    """Input words (N, C, H, W) into memory, as the shell expects them."""
    data = laid(words, manifest.input)
    memory.bytes[at : at + len(data)] = np.frombuffer(data, dtype=np.uint8)


def play(
    manifest: Manifest,
    inner: Elaboratable,
    memory: Memory,
    story: Callable[[Board], Awaitable[None]],
) -> Board:
    """Simulates until ``story`` ends."""
    loads, steps = manifest.load_words > 0, manifest.steps > 0
    engine = Engine(beat_bytes=manifest.input.beat_bytes, loads=loads, steps=steps, inner=inner)
    shell = Shell(manifest=manifest, engine=engine, quiet=QUIET)
    boards, ports = [], ports_of(shell)

    async def control(ctx: Any) -> None:
        boards.append(Board(ctx, shell, memory))
        await ctx.tick().repeat(12)
        await story(boards[0])

    async def serve(ctx: Any) -> None:
        while True:
            memory.drive(ctx, ports)
            memory.observe(ctx, ports)
            await ctx.tick()

    simulator = Simulator(shell)
    simulator.add_clock(1e-8)
    simulator.add_testbench(serve, background=True)
    simulator.add_testbench(control)
    simulator.run()
    return boards[0]
