"""cocotb bench of the top: all images under every crossing of input idles and output stalls, equal
to the vectors.

Runs inside the simulator. ``SPIKELOOM_FOLDER`` names the emitted network; ``vectors.npz`` in it
holds ``words`` (N, C, H, W) and ``values`` (N, O, H, W), the integers that the hardware must
answer, computed elsewhere. Start it with :func:`spikeloom_sim.cocotb_benches.run.run`.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource
from spikeloom.interface import manifest as manifests

from spikeloom_sim.network.beats import pack, unpack_output

PERIOD_NS = 10


def pauses(chance: float, seed: int) -> Iterator[bool]:
    """Pauses of 1 to 4 cycles at random."""
    rng = random.Random(seed)
    while True:
        yield from [True] * rng.randint(1, 4) if rng.random() < chance else [False]


class TB:
    """The top with its clock, a source, a sink, and the counters' port."""

    def __init__(self, dut: Any) -> None:
        folder = Path(os.environ["SPIKELOOM_FOLDER"])
        self.dut, self.manifest = dut, manifests.load(folder)
        with np.load(folder / "vectors.npz", allow_pickle=False) as vectors:
            self.words, self.values = vectors["words"], vectors["values"]
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst)
        for port in (dut.counter_address, dut.counter_clear):
            port.value = 0
        cocotb.start_soon(Clock(dut.clk, PERIOD_NS, unit="ns").start())

    async def reset(self, clear: bool = True) -> None:
        """A reset leaves the counters as they are, unless they are cleared as well."""
        self.dut.rst.value, self.dut.counter_clear.value = 1, clear
        await ClockCycles(self.dut.clk, 4)
        self.dut.rst.value = self.dut.counter_clear.value = 0
        await RisingEdge(self.dut.clk)

    async def run(self, slow: int = 1) -> np.ndarray[Any, Any]:
        """All images once: values (N, O, H, W). Fails where the network takes longer than it can,
        times ``slow``.
        """
        for image in pack(self.words, self.manifest.input):
            self.source.send_nowait(AxiStreamFrame(image.tobytes()))
        frames = []
        for _ in self.words:
            frame = await with_timeout(
                self.sink.recv(), self.manifest.limit_cycles * slow * PERIOD_NS, "ns"
            )
            code, beats = self.manifest.output.code, self.manifest.output.beats
            words = np.frombuffer(
                bytes(frame.tdata), dtype="<i4" if code is None else "<u4"
            ).astype(np.int64)
            assert len(words) == beats, f"{len(words)} values up to tlast, expected {beats}"
            frames.append(words)
        values = unpack_output(np.stack(frames), self.manifest.output)
        return values if code is None else code.value(values)

    async def counter(self, name: str) -> int:
        self.dut.counter_address.value = self.manifest.counters[name]
        await ClockCycles(self.dut.clk, 3)
        return int(self.dut.counter_data.value)


@cocotb.test()
@cocotb.parametrize(idle=[0.0, 0.4], stall=[0.0, 0.4])
async def streams(dut: Any, idle: float, stall: float) -> None:
    """Twice the same images, with pauses at one end, the other, both and none."""
    tb = TB(dut)
    await tb.reset()
    for end, chance in ((tb.source, idle), (tb.sink, stall)):
        if chance:
            end.set_pause_generator(pauses(chance, 1 + int(10 * stall)))
    for _ in range(2):
        np.testing.assert_array_equal(await tb.run(slow=10), tb.values)
    assert tb.sink.empty(), "more values came out than the images have"


@cocotb.test()
async def counters(dut: Any) -> None:
    """The counters count images and clear; a reset in the middle of an image leaves nothing behind
    but the counters.
    """
    tb = TB(dut)
    await tb.reset()
    np.testing.assert_array_equal(await tb.run(), tb.values)
    await ClockCycles(dut.clk, 8)
    assert await tb.counter("images") == len(tb.words)
    busy = await tb.counter("cycles")
    assert 0 < busy <= tb.manifest.limit_cycles * len(tb.words)
    dut.counter_clear.value = 1
    await ClockCycles(dut.clk, 1)
    dut.counter_clear.value = 0
    await ClockCycles(dut.clk, 4)
    for name in itertools.islice(tb.manifest.counters, 2):
        assert await tb.counter(name) == 0, f"{name} after a clear"

    tb.source.send_nowait(
        AxiStreamFrame(bytes(max(1, tb.manifest.input.beats // 2) * tb.manifest.input.beat_bytes))
    )
    await ClockCycles(dut.clk, tb.manifest.input.beats + 8)
    seen = await tb.counter("cycles")
    await tb.reset(clear=False)
    assert 0 < seen <= await tb.counter("cycles")
    np.testing.assert_array_equal(await tb.run(), tb.values)
