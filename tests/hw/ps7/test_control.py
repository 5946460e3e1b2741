"""The bridge from a general-purpose port to AXI4-Lite: every kind of burst, IDs, responses, stalls
on all channels.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import pytest
from spikeloom_hw.ps7.axi3 import FIXED, INCR, WRAP
from spikeloom_hw.ps7.control import Control

from tests.hw.ps7.channels import Sink, Source, play

WIDTH = 16
BASE = 0x4000_0000


def addresses(request: dict[str, int]) -> list[int]:
    """Byte address of each beat, by the formulas of the standard (IHI 0022, A3.4.1)."""
    start, size, beats = request["addr"], 1 << request["size"], request["len"] + 1
    aligned, total = start // size * size, size * beats
    lower = start // total * total
    each = {
        FIXED: lambda k: start,
        INCR: lambda k: start if k == 0 else aligned + k * size,
        WRAP: lambda k: lower + (start - lower + k * size) % total,
    }[request["burst"]]
    return [each(k) for k in range(beats)]


def request(rng: np.random.Generator) -> dict[str, int]:
    size, burst = int(rng.integers(3)), int(rng.integers(3))
    beats = int(rng.choice([2, 4, 8, 16])) if burst == WRAP else int(rng.integers(1, 17))
    address = (
        int(rng.integers(0, 1 << WIDTH))
        >> (size if burst == WRAP else 0)
        << (size if burst == WRAP else 0)
    )
    return {
        "id": int(rng.integers(1 << 12)),
        "addr": BASE + address,
        "len": beats - 1,
        "size": size,
        "burst": burst,
    }


class Lite:
    """A register bank on AXI4-Lite: random times, a response that follows from the address, a log
    of what it was asked.
    """

    def __init__(self, ports: Any, rng: np.random.Generator, stall: float, answer: int = 1) -> None:
        self.ports, self.rng, self.stall, self.answer = ports, rng, stall, answer
        self.reads: list[int] = []
        self.written: list[tuple[int, int, int]] = []
        self.address: deque[int] = deque()
        self.data: deque[tuple[int, int]] = deque()
        self.due: dict[str, tuple[int, int, int] | None] = {"r": None, "b": None}
        self.offering = {"r": False, "b": False}
        self.held: dict[str, tuple[int, ...]] = {}

    @staticmethod
    def response(address: int) -> int:
        return (0, 0, 2, 3)[address >> 2 & 3] if address & 0x100 else 0

    def drive(self, ctx: Any, cycle: int) -> None:
        p = self.ports

        def lucky() -> bool:
            return bool(self.rng.random() >= self.stall)

        busy = bool(self.written) and self.due["b"] is not None
        ctx.set(p.arready, self.due["r"] is None and lucky())
        ctx.set(p.awready, not self.address and not busy and lucky())
        ctx.set(p.wready, not self.data and not busy and lucky())
        for channel in ("r", "b"):
            due = self.due[channel]
            self.offering[channel] = (
                due is not None and due[0] <= cycle and (self.offering[channel] or lucky())
            )
            ctx.set(getattr(p, f"{channel}valid"), self.offering[channel])
            if due is not None:
                ctx.set(getattr(p, f"{channel}resp"), due[1])
                if channel == "r":
                    ctx.set(p.rdata, due[2])

    def look(self, ctx: Any, cycle: int) -> None:
        def get(name: str) -> int:
            return int(ctx.get(getattr(self.ports, name)))

        for channel, names in (("ar", ("araddr",)), ("aw", ("awaddr",)), ("w", ("wdata", "wstrb"))):
            valid, ready, now = (
                get(f"{channel}valid"),
                get(f"{channel}ready"),
                tuple(get(name) for name in names),
            )
            assert channel not in self.held or (valid and now == self.held[channel]), (
                f"{channel} waited and changed in cycle {cycle}"
            )
            self.held.pop(channel, None)
            if valid and not ready:
                self.held[channel] = now
            if valid and ready:
                self.take(channel, now, cycle)
        for channel in ("r", "b"):
            if self.offering[channel] and get(f"{channel}ready"):
                self.due[channel], self.offering[channel] = None, False

    def take(self, channel: str, now: tuple[int, ...], cycle: int) -> None:
        if channel == "ar":
            self.reads.append(now[0])
            self.due["r"] = (cycle + self.answer, self.response(now[0]), now[0] * 0x10001 ^ 0x5A5A)
        elif channel == "aw":
            self.address.append(now[0])
        else:
            self.data.append((now[0], now[1]))
        if self.address and self.data:
            address = self.address.popleft()
            self.written.append((address, *self.data.popleft()))
            self.due["b"] = (cycle + self.answer, self.response(address), 0)


def word(address: int) -> int:
    return address & 0xFFFC


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("stall", [0.0, 0.5])
def test_bursts_of_all_kinds(seed: int, stall: float) -> None:
    """Reads and writes side by side, several asked for ahead, data before or after its address."""
    rng, dut = np.random.default_rng(seed), Control(address_width=WIDTH)
    reads, writes = [request(rng) for _ in range(25)], [request(rng) for _ in range(25)]
    beats = [
        {"data": int(rng.integers(1 << 32)), "strb": int(rng.integers(16))}
        for r in writes
        for _ in range(r["len"] + 1)
    ]
    lite = Lite(dut.lite, rng, stall)
    sources = [
        Source(dut.ar, reads, rng, stall),
        Source(dut.aw, writes, rng, stall),
        Source(dut.w, beats, rng, stall),
    ]
    r, b = Sink(dut.r, rng, stall), Sink(dut.b, rng, stall)
    total = sum(request["len"] + 1 for request in reads)
    play(dut, (*sources, lite, r, b), lambda: len(r.got) >= total and len(b.got) >= len(writes))
    expected = []
    for asked in reads:
        for k, address in enumerate(addresses(asked)):
            there = word(address)
            last = int(k == asked["len"])
            expected.append(
                {
                    "id": asked["id"],
                    "data": there * 0x10001 ^ 0x5A5A,
                    "resp": Lite.response(there),
                    "last": last,
                }
            )
    assert r.got == expected
    assert lite.reads == [word(address) for asked in reads for address in addresses(asked)]
    places = [word(address) for asked in writes for address in addresses(asked)]
    assert lite.written == [
        (place, beat["data"], beat["strb"]) for place, beat in zip(places, beats, strict=True)
    ]
    worst = [max(Lite.response(word(address)) for address in addresses(asked)) for asked in writes]
    assert b.got == [
        {"id": asked["id"], "resp": resp} for asked, resp in zip(writes, worst, strict=True)
    ]


def test_answers_wait_for_a_processor_that_does_not_take_them() -> None:
    """More writes and reads than there is room for answers."""
    rng, dut = np.random.default_rng(2), Control(address_width=WIDTH)
    asked = [{"id": k, "addr": BASE + 4 * k, "len": 0, "size": 2, "burst": INCR} for k in range(20)]
    lite, r, b = Lite(dut.lite, rng, 0.0), Sink(dut.r, rng, 0.97), Sink(dut.b, rng, 0.97)
    words = [{"data": k, "strb": 15} for k in range(20)]
    ends = (
        Source(dut.ar, asked, rng),
        Source(dut.aw, asked, rng),
        Source(dut.w, words, rng),
        lite,
        r,
        b,
    )
    play(dut, ends, lambda: len(r.got) == len(b.got) == 20)
    assert [one["id"] for one in r.got] == [one["id"] for one in b.got] == list(range(20))


def test_every_wrap_and_every_unaligned_start() -> None:
    rng, dut = np.random.default_rng(0), Control(address_width=WIDTH)
    reads = [
        {"id": 1, "addr": BASE + place * (1 << size), "len": beats - 1, "size": size, "burst": WRAP}
        for size in range(3)
        for beats in (2, 4, 8, 16)
        for place in range(beats)
    ]
    reads += [
        {"id": 2, "addr": BASE + 0xFFC0 + k, "len": 3, "size": size, "burst": INCR}
        for size in range(3)
        for k in range(4)
    ]
    lite, r = Lite(dut.lite, rng, 0.0), Sink(dut.r, rng)
    total = sum(request["len"] + 1 for request in reads)
    play(dut, (Source(dut.ar, reads, rng), lite, r), lambda: len(r.got) >= total)
    assert lite.reads == [word(address) for asked in reads for address in addresses(asked)]


@pytest.mark.parametrize("answer", [1, 4])
@pytest.mark.parametrize("beats", [1, 5])
def test_latency(answer: int, beats: int) -> None:
    """The formulas of the component's docstring."""
    rng, dut = np.random.default_rng(0), Control(address_width=WIDTH)
    asked = {"id": 5, "addr": BASE, "len": beats - 1, "size": 2, "burst": INCR}
    lite, source, r = (
        Lite(dut.lite, rng, 0.0, answer),
        Source(dut.ar, [asked], rng),
        Sink(dut.r, rng),
    )
    play(dut, (source, lite, r), lambda: len(r.got) == beats)
    assert [cycle - source.taken[0] for cycle in r.cycles] == [
        3 + answer + k * (1 + answer) for k in range(beats)
    ]
    dut = Control(address_width=WIDTH)
    lite, b = Lite(dut.lite, rng, 0.0, answer), Sink(dut.b, rng)
    aw, w = (
        Source(dut.aw, [{**asked, "len": 0}], rng),
        Source(dut.w, [{"data": 1, "strb": 15}], rng),
    )
    play(dut, (aw, w, lite, b), lambda: len(b.got) == 1)
    assert b.cycles[0] - max(aw.taken[0], w.taken[0]) == 3 + answer
