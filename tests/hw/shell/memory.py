"""An AXI4 memory in Python for Amaranth's simulator: random latency and stalls, errors on demand,
and every rule of the port checked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SIZE = 1 << 20
PREFIX = "m_axi_memory_"
Ports = Callable[[str], Any]
"""A port of the master by the name of its signal, ``araddr`` and so on."""


def ports_of(dut: Any) -> Ports:
    """The flat ports of a shell."""
    return lambda name: getattr(dut, PREFIX + name)


@dataclass
class Faults:
    """Response of the n-th read beat or write burst by number; the n-th beat whose ``last`` is
    inverted; cycles of unasked responses; from which read beat on nothing comes any more.
    """

    read: dict[int, int] = field(default_factory=dict)
    write: dict[int, int] = field(default_factory=dict)
    last: set[int] = field(default_factory=set)
    unasked_read: set[int] = field(default_factory=set)
    unasked_write: set[int] = field(default_factory=set)
    dead_from: int = 1 << 40


@dataclass
class Memory:
    """``latency``: cycles from an accepted address to the first beat, least and most. ``stall``:
    chance that a channel pauses.
    """

    width: int = 64
    latency: tuple[int, int] = (1, 1)
    stall: float = 0.0
    seed: int = 0
    faults: Faults = field(default_factory=Faults)
    strict: bool = True

    def __post_init__(self) -> None:
        self.bytes = np.random.default_rng(99).integers(0, 256, SIZE, dtype=np.uint8)
        self.rng = np.random.default_rng(self.seed)
        self.step = self.width // 8
        self.cycle = 0
        self.reads: deque[tuple[int, int, int]] = deque()  # ready at, address, beats
        self.beat = 0
        self.read_beats = self.write_bursts = 0
        self.addresses: deque[tuple[int, int]] = deque()
        self.words: deque[tuple[int, int, bool]] = deque()
        self.answers: deque[tuple[int, int]] = deque()
        self.held: dict[str, tuple[int, ...]] = {}
        self.offering = {"r": False, "b": False}
        self.bursts: dict[str, list[tuple[int, int]]] = {"ar": [], "aw": []}
        self.in_flight = {"ar": 0, "aw": 0}
        self.most = {"ar": 0, "aw": 0}

    def chance(self) -> bool:
        return bool(self.stall) and self.rng.random() < self.stall

    def delay(self) -> int:
        low, high = self.latency
        return self.cycle + (low if low == high else int(self.rng.integers(low, high + 1)))

    def drive(self, ctx: Any, port: Ports) -> None:
        """Inputs of the master in this cycle."""
        for name in ("arready", "awready", "wready"):
            ctx.set(port(name), not self.chance())
        due = (
            bool(self.reads)
            and self.reads[0][0] <= self.cycle
            and self.read_beats < self.faults.dead_from
        )
        self.offering["r"] = due and (self.offering["r"] or not self.chance())
        unasked = self.cycle in self.faults.unasked_read
        ctx.set(port("rvalid"), self.offering["r"] or unasked)
        if self.offering["r"]:
            _, address, beats = self.reads[0]
            at = address + self.beat * self.step
            ctx.set(
                port("rdata"), int.from_bytes(self.bytes[at : at + self.step].tobytes(), "little")
            )
            ctx.set(port("rresp"), self.faults.read.get(self.read_beats, 0))
            ctx.set(
                port("rlast"), (self.beat == beats - 1) != (self.read_beats in self.faults.last)
            )
        answer = bool(self.answers) and self.answers[0][0] <= self.cycle
        self.offering["b"] = answer and (self.offering["b"] or not self.chance())
        ctx.set(port("bvalid"), self.offering["b"] or self.cycle in self.faults.unasked_write)
        ctx.set(port("bresp"), self.answers[0][1] if self.offering["b"] else 0)

    def observe(self, ctx: Any, port: Ports) -> None:
        """Transfers of this cycle."""

        def get(name: str) -> int:
            return int(ctx.get(port(name)))

        for way in ("ar", "aw"):
            self.steady(way, get, ("addr", "len"))
            if get(f"{way}valid") and get(f"{way}ready"):
                self.accept(
                    way,
                    get(f"{way}addr"),
                    get(f"{way}len") + 1,
                    get(f"{way}size"),
                    get(f"{way}burst"),
                )
        self.steady("w", get, ("data", "strb", "last"))
        if get("wvalid") and get("wready"):
            self.words.append((get("wdata"), get("wstrb"), bool(get("wlast"))))
        if self.offering["r"] and get("rready"):
            self.offering["r"] = False
            self.read_beats += 1
            self.beat += 1
            if self.beat == self.reads[0][2]:
                self.reads.popleft()
                self.beat = 0
                self.in_flight["ar"] -= 1
        if self.offering["b"] and get("bready"):
            self.offering["b"] = False
            self.answers.popleft()
            self.in_flight["aw"] -= 1
        self.store()
        self.cycle += 1

    def steady(self, channel: str, get: Any, names: tuple[str, ...]) -> None:
        """What is offered stays until it is taken."""
        payload = tuple(get(channel + name) for name in names)
        if channel in self.held:
            assert get(f"{channel}valid") and payload == self.held.pop(channel), (
                f"{channel}: a waiting beat changed in cycle {self.cycle}"
            )
        if get(f"{channel}valid") and not get(f"{channel}ready"):
            self.held[channel] = payload

    def accept(self, way: str, address: int, beats: int, size: int, burst: int) -> None:
        assert (
            (1 << size, burst) == (self.step, 1) and 1 <= beats <= 16 and address % self.step == 0
        )
        assert address // 4096 == (address + beats * self.step - 1) // 4096, (
            f"{address:#x} + {beats} beats: over a 4 KiB boundary"
        )
        self.bursts[way].append((address, beats))
        self.in_flight[way] += 1
        self.most[way] = max(self.most[way], self.in_flight[way])
        if way == "ar":
            after = self.reads[-1][0] if self.reads else 0
            self.reads.append((max(self.delay(), after), address, beats))
        else:
            self.addresses.append((address, beats))

    def store(self) -> None:
        """A burst whose words have all come."""
        if not self.addresses:
            return
        address, beats = self.addresses[0]
        assert all(
            last == (k == beats - 1) for k, (_, _, last) in enumerate(list(self.words)[:beats])
        ), "wlast in the wrong place"
        if len(self.words) < beats:
            return
        self.addresses.popleft()
        for k in range(beats):
            data, strobe, _ = self.words.popleft()
            for byte in range(self.step):
                if strobe >> byte & 1:
                    self.bytes[address + k * self.step + byte] = data >> (8 * byte) & 255
        self.answers.append((self.delay(), self.faults.write.get(self.write_bursts, 0)))
        self.write_bursts += 1
