"""A host that knows addresses only: jobs on a simulated shell through raw register reads and
writes, no pynq and no driver.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from spikeloom.interface.manifest import Manifest
from spikeloom.interface.registers import COUNTERS, LOG, LOG_DEPTH, register
from spikeloom.ir.number import Ints
from spikeloom_sim.board import Simulation
from spikeloom_sim.network.beats import unpack_output

from tests.packing import laid

INPUT, OUTPUT = 0x1000_0000, 0x1800_0000


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a job ended. values: (N, O, H, W) integers, or words of a spiking output. latency,
    interval: (N,), the first interval is 0.
    """

    status: frozenset[str]
    error: frozenset[str]
    values: Ints
    latency: Ints
    interval: Ints
    counters: dict[str, int]
    job_cycles: int


def pack(words: Ints, manifest: Manifest) -> np.ndarray:
    """Words (N, C, H, W) as they lie in memory, whole memory words; the last one is filled up with
    ones.
    """
    data = np.frombuffer(laid(words, manifest.input), dtype=np.uint8)
    step = manifest.memory_width // 8
    return np.concatenate([data, np.full(-len(data) % step, 255, dtype=np.uint8)])


class Host:
    """One shell, its input and output buffer. ``high`` is added to their addresses."""

    def __init__(self, simulation: Simulation, manifest: Manifest, high: int = 0) -> None:
        self.simulation, self.manifest, self.high = simulation, manifest, high

    def get(self, name: str, index: int = 0) -> int:
        found = register(name)
        offset = found.offset + index * found.width // 8
        return self.wide(offset) if found.width == 64 else self.simulation.read(offset)

    def wide(self, offset: int) -> int:
        low = self.simulation.read(offset)
        return self.simulation.read(offset + 4) << 32 | low

    def set(self, name: str, value: int) -> None:
        found = register(name)
        self.simulation.write(found.offset, value & 0xFFFF_FFFF)
        if found.width == 64:
            self.simulation.write(found.offset + 4, value >> 32)

    def flags(self, name: str) -> frozenset[str]:
        value = self.get(name)
        return frozenset(field.name for field in register(name).fields if value & field.mask)

    def act(self, name: str) -> None:
        self.set("control", register("control")[name].mask)

    @property
    def identity(self) -> str:
        return "".join(f"{self.get('identity', k):08x}" for k in range(8))

    def counters(self) -> dict[str, int]:
        return {
            name: self.wide(COUNTERS + 8 * address)
            for name, address in self.manifest.counters.items()
        }

    def log(self, count: int) -> Ints:
        """(2, count): latency and interval of the last images."""
        end = self.get("latency_count")
        entries = [LOG + 8 * (k % LOG_DEPTH) for k in range(end - count, end)]
        return (
            np.array(
                [[self.simulation.read(entry + part) for part in (0, 4)] for entry in entries],
                dtype=np.int64,
            )
            .reshape(count, 2)
            .T
        )

    def begin(self, words: Ints, single: bool) -> None:
        """Put images into memory, clear, start."""
        form = self.manifest.output
        data = pack(words, self.manifest)
        self.result = np.full(len(words) * form.beats * 4 + 64, 0x5A, dtype=np.uint8)
        for address, memory in ((INPUT, data), (OUTPUT, self.result)):
            self.simulation.unmap(self.high + address)
            self.simulation.map(self.high + address, memory)
        self.set("input_address", self.high + INPUT)
        self.set("output_address", self.high + OUTPUT)
        self.set("images", len(words))
        self.set("input_words", len(data) * 8 // self.manifest.memory_width)
        self.set("settings", int(single))
        self.set("error", 0xFFFF_FFFF)
        self.act("clear")
        self.act("start")

    def wait(self, limit: int = 10_000_000) -> None:
        """Until the job has ended. Fails after so many cycles."""
        end = self.simulation.cycles + limit
        step = 10
        while "busy" in self.flags("status"):
            self.simulation.advance(step)
            step = min(2 * step, 10_000)
            assert self.simulation.cycles < end, (
                f"the job does not end: {self.flags('status')} {self.flags('error')}"
            )

    def run(self, words: Ints, single: bool = False) -> Outcome:
        """One job, to its end."""
        self.begin(words, single)
        self.wait()
        form, count = self.manifest.output, len(words)
        size = count * form.beats * 4
        assert (self.result[size:] == 0x5A).all(), "more was written than there are results"
        values = (
            self.result[:size]
            .view("<i4" if form.code is None else "<u4")
            .astype(np.int64)
            .reshape(count, -1)
        )
        latency, interval = self.log(min(count, LOG_DEPTH))
        # A strided layer may leave work behind an image's last value: its spikes count as well.
        self.simulation.advance(self.manifest.limit_cycles)
        return Outcome(
            self.flags("status") - {"weights"},
            self.flags("error"),
            unpack_output(values, form),
            latency,
            interval,
            self.counters(),
            self.get("job_cycles"),
        )
