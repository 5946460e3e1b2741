"""cocotb bench of the shell around its network: control by an AXI4-Lite master, data from and to an
AXI4 memory, both written elsewhere.

Runs inside the simulator, on the module of :mod:`spikeloom_sim.cocotb_benches.shell_with_ids`.
``SPIKELOOM_FOLDER`` names the emitted network; ``vectors.npz`` in it holds ``words`` (N, C, H, W)
and ``values`` (N, O, H, W), the integers that the hardware must answer. Start it with
:func:`spikeloom_sim.cocotb_benches.run.run`.
"""

from __future__ import annotations

import logging
import os
import random
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotbext.axi import AxiBus, AxiLiteBus, AxiLiteMaster, AxiRam
from spikeloom.interface import manifest as manifests
from spikeloom.interface.registers import LOG, MAGIC, register
from spikeloom.mapping.plan.checksums import packed

from spikeloom_sim.cocotb_benches.top import PERIOD_NS, pauses
from spikeloom_sim.network.beats import unpack_output

INPUT, OUTPUT, SIZE = 0x1000, 0x8_0000, 1 << 20
CONTROL, MEMORY = "s_axi_control", "m_axi_memory"


class Rules:
    """What the master of the memory port must hold in every cycle: payloads that wait stay, bursts
    stay in their 4 KiB, last is last.
    """

    def __init__(self, dut: Any, word_bytes: int) -> None:
        self.dut, self.word_bytes = dut, word_bytes
        self.waiting: dict[str, tuple[int, ...]] = {}
        self.lengths: list[int] = []
        self.beats: list[bool] = []
        self.read_beats = self.asked_beats = self.answers = self.sent = 0
        cocotb.start_soon(self.watch())

    def get(self, name: str) -> int:
        return int(getattr(self.dut, f"{MEMORY}_{name}").value)

    async def watch(self) -> None:
        while True:
            await FallingEdge(self.dut.aclk)
            if not self.dut.aresetn.value:
                self.waiting.clear()
                self.lengths, self.beats = [], []
                self.read_beats = self.asked_beats = self.answers = self.sent = 0
                continue
            for channel, names in (
                ("ar", ("addr", "len")),
                ("aw", ("addr", "len")),
                ("w", ("data", "strb", "last")),
            ):
                self.look(channel, names)
            self.read_beats += self.get("rvalid") and self.get("rready")
            self.answers += self.get("bvalid") and self.get("bready")
            assert self.read_beats <= self.asked_beats and self.answers <= self.sent, (
                "a response that nothing asked for"
            )

    def look(self, channel: str, names: tuple[str, ...]) -> None:
        valid, ready = self.get(f"{channel}valid"), self.get(f"{channel}ready")
        payload = tuple(self.get(channel + name) for name in names)
        if channel in self.waiting:
            assert valid and payload == self.waiting.pop(channel), (
                f"{channel}: a waiting beat changed"
            )
        if valid and not ready:
            self.waiting[channel] = payload
        elif valid and channel == "w":
            self.beats.append(bool(payload[2]))
            self.match()
        elif valid:
            address, beats = payload[0], payload[1] + 1
            assert (
                beats <= 16 and address % self.word_bytes == 0 and self.get(f"{channel}burst") == 1
            )
            assert (
                1 << self.get(f"{channel}size") == self.word_bytes
                and self.get(f"{channel}cache") == 0b0011
            )
            assert address // 4096 == (address + beats * self.word_bytes - 1) // 4096, (
                "a burst over a 4 KiB boundary"
            )
            if channel == "ar":
                self.asked_beats += beats
            else:
                self.lengths.append(beats)
                self.match()

    def match(self) -> None:
        """Take a burst whose address and data have both gone out."""
        if self.lengths and len(self.beats) >= self.lengths[0]:
            beats = self.lengths.pop(0)
            assert self.beats[:beats] == [False] * (beats - 1) + [True], "wlast in the wrong place"
            del self.beats[:beats]
            self.sent += 1

    def settled(self) -> bool:
        """Every response has come, and nothing is half sent."""
        return (
            self.read_beats == self.asked_beats
            and self.answers == self.sent
            and not self.lengths
            and not self.beats
        )


class Shell:
    """The bench: master, memory, rules, and registers by name."""

    def __init__(self, dut: Any) -> None:
        folder = Path(os.environ["SPIKELOOM_FOLDER"])
        self.dut, self.manifest = dut, manifests.load(folder)
        with np.load(folder / "vectors.npz", allow_pickle=False) as vectors:
            self.words, self.values = vectors["words"], vectors["values"]
        logging.getLogger("cocotb").setLevel(logging.WARNING)
        for name in (CONTROL, MEMORY):
            logging.getLogger(f"cocotb.{dut._name}.{name}").setLevel(logging.WARNING)
        clock = {"clock": dut.aclk, "reset": dut.aresetn, "reset_active_level": False}
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, CONTROL), **clock)
        self.ram = AxiRam(AxiBus.from_prefix(dut, MEMORY), size=SIZE, **clock)
        self.rules = Rules(dut, self.manifest.memory_width // 8)
        cocotb.start_soon(Clock(dut.aclk, PERIOD_NS, unit="ns").start())

    def pause(self, chance: float) -> None:
        """Random pauses on every channel of both buses."""
        master, ram = self.master, self.ram
        ends = [
            ram.read_if.ar_channel,
            ram.read_if.r_channel,
            ram.write_if.aw_channel,
            ram.write_if.w_channel,
            ram.write_if.b_channel,
        ]
        ends += [master.write_if.aw_channel, master.write_if.w_channel, master.write_if.b_channel]
        ends += [master.read_if.ar_channel, master.read_if.r_channel]
        for seed, end in enumerate(ends):
            end.set_pause_generator(pauses(chance, seed))

    async def reset(self) -> None:
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 4)
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, 20)

    async def get(self, name: str) -> int:
        where = register(name)
        return int.from_bytes(
            (await self.master.read(where.offset, where.width // 8)).data, "little"
        )

    async def set(self, name: str, value: int) -> None:
        where = register(name)
        await self.master.write(where.offset, value.to_bytes(where.width // 8, "little"))

    async def act(self, name: str) -> None:
        await self.set("control", register("control")[name].mask)

    async def flag(self, name: str, field: str) -> bool:
        return bool(await self.get(name) & register(name)[field].mask)

    def fill(self) -> int:
        """The images into memory; how many bytes they are."""
        form = self.manifest.input
        data = packed(
            self.words.transpose(0, 2, 3, 1).reshape(len(self.words), form.words),
            form.container_bits,
        ).tobytes()
        self.ram.write(INPUT, data)
        return len(data)

    async def start(self, single: bool = False) -> None:
        size = self.fill()
        self.ram.write(OUTPUT, bytes(self.values.size * 4 + 64))
        for name, value in (
            ("input_address", INPUT),
            ("output_address", OUTPUT),
            ("images", len(self.words)),
            ("input_words", -(-size // (self.manifest.memory_width // 8))),
            ("settings", int(single)),
            ("watchdog", 10 * self.manifest.limit_cycles),
            ("error", 0xFFFF_FFFF),
        ):
            await self.set(name, value)
        await self.act("start")

    async def wait(self) -> None:
        for _ in range(len(self.words) * self.manifest.limit_cycles // 10):
            if not await self.flag("status", "busy"):
                return
        raise AssertionError("the job does not end")

    async def ends_well(self) -> None:
        """The job ends, its results are right, and nothing else was written."""
        await self.wait()
        assert await self.get("error") == 0 and await self.flag("status", "done")
        data = self.ram.read(OUTPUT, self.values.size * 4 + 64)
        code = self.manifest.output.code
        words = np.frombuffer(data[:-64], dtype="<i4" if code is None else "<u4").astype(np.int64)
        words = unpack_output(words.reshape(len(self.values), -1), self.manifest.output)
        np.testing.assert_array_equal(words if code is None else code.value(words), self.values)
        assert not any(data[-64:]) and self.rules.settled()


@cocotb.test()
@cocotb.parametrize(chance=[0.0, 0.3], single=[False, True])
async def jobs(dut: Any, chance: float, single: bool) -> None:
    """Two jobs, with and without pauses on every channel."""
    shell = Shell(dut)
    await shell.reset()
    if chance:
        shell.pause(chance)
    assert await shell.get("magic") == MAGIC
    identity = (await shell.master.read(register("identity").offset, 32)).data
    assert (
        b"".join(identity[k : k + 4][::-1] for k in range(0, 32, 4)).hex()
        == shell.manifest.identity
    )
    for count in (1, 2):
        await shell.start(single)
        await shell.ends_well()
        assert await shell.get("latency_count") == count * len(shell.words)
        log = np.frombuffer(
            (await shell.master.read(LOG, 8 * len(shell.words))).data, dtype="<u4"
        ).reshape(-1, 2)
        assert log[0, 0] and not log[0, 1]
    images = 0x1000 + 8 * shell.manifest.counters["images"]
    assert int.from_bytes((await shell.master.read(images, 8)).data, "little") == 2 * len(
        shell.words
    )
    await shell.act("clear")
    assert await shell.get("latency_count") == 0 and not any(
        (await shell.master.read(images, 8)).data
    )


@cocotb.test()
@cocotb.parametrize(how=["abort", "reset"])
async def interrupted(dut: Any, how: str) -> None:
    """An abort, or a reset of everything, in the middle of an image: the next job is whole."""
    shell, rng = Shell(dut), random.Random(1)
    await shell.reset()
    shell.pause(0.2)
    for _ in range(4):
        await shell.start()
        await ClockCycles(dut.aclk, rng.randint(1, shell.manifest.input.beats + 60))
        if how == "abort":
            await shell.act("abort")
            await shell.wait()
            assert await shell.flag("status", "failed") and shell.rules.settled()
        else:
            await shell.reset()
            images = 0x1000 + 8 * shell.manifest.counters["images"]
            assert (
                not any((await shell.master.read(images, 8)).data)
                and await shell.get("latency_count") == 0
            )
        await shell.start()
        await shell.ends_well()


@cocotb.test()
@cocotb.parametrize(way=["read", "write"])
async def errors(dut: Any, way: str) -> None:
    """SLVERR in the middle of a job ends it, says so, and leaves the next one whole."""
    shell = Shell(dut)
    await shell.reset()
    side = shell.ram.read_if if way == "read" else shell.ram.write_if
    method = getattr(side, f"_{way}")
    calls, bad = 0, -1

    async def fail(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == bad:
            raise ValueError
        return await method(*arguments)

    setattr(side, f"_{way}", fail)
    await shell.start()
    await shell.ends_well()
    for place in (1, calls):
        calls, bad = 0, place
        await shell.start()
        await shell.wait()
        assert await shell.get("error") == register("error")[
            f"{way}_slverr"
        ].mask and await shell.flag("status", "failed")
        assert shell.rules.settled()
        bad = -1
        await shell.start()
        await shell.ends_well()
    await RisingEdge(dut.aclk)
