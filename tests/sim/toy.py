"""A top that is not an engine: the same ports, a known answer, and faults on demand. It tests the
simulation, not the hardware.

``v[o] = (o + 1) · Σ words − 1000``: one accumulator, then ``outputs`` values. Counter 0 counts
images, 1 cycles since the last clear, 2 and up (``a.busy``, ``a.stalled``, ``a.starved``) cycles
spent taking, sending and waiting.
"""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from spikeloom.interface.manifest import InputFormat, Manifest, OutputFormat
from spikeloom.ir.number import Code

FAULTS = ("", "hang", "last", "unstable", "extra")


class Toy(wiring.Component):
    """``fault``: "hang" stops inside image 1, "last" puts tlast one value early, "unstable" changes
    a value that waits, "extra" sends one value more.
    """

    def __init__(
        self, *, steps: int, group: int, beats: int, outputs: int, fault: str = ""
    ) -> None:
        assert fault in FAULTS
        self.steps, self.group, self.beats, self.outputs, self.fault = (
            steps,
            group,
            beats,
            outputs,
            fault,
        )
        width = 8 * -(-group * steps // 8)
        super().__init__(
            {
                "s_axis_tdata": In(width),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "m_axis_tdata": Out(32),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                "counter_address": In(16),
                "counter_data": Out(64),
                "counter_clear": In(1),
            }
        )

    def manifest(self) -> Manifest:
        return Manifest(
            name="toy",
            network_sha256="",
            plan_sha256="",
            weights_sha256="",
            top_sha256="",
            board="pynq-z2",
            clock_mhz=100.0,
            input=InputFormat(
                (self.group, 1, self.beats),
                (self.group, 1, self.beats),
                Code(self.steps),
                self.group,
            ),
            output=OutputFormat((self.outputs, 1, 1), None),
            scale=(1.0,),
            bias=(0.0,),
            counters={"images": 0, "cycles": 1, "a.busy": 2, "a.stalled": 3, "a.starved": 4},
            stages=("a",),
            streams=(),
            memory_width=64,
            address_width=32,
            limit_cycles=1000,
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total, beat, out = Signal(32), Signal(16), Signal(16)
        images, cycles, busy, stalled, starved = (
            Signal(64, name=n) for n in ("images", "cycles", "busy", "stalled", "starved")
        )
        sending = Signal()
        words = [self.s_axis_tdata.word_select(c, self.steps) for c in range(self.group)]
        hang = Const(0) if self.fault != "hang" else (images == 1) & (beat == self.beats - 1)
        m.d.comb += self.s_axis_tready.eq(~sending & ~hang)
        with m.If(self.s_axis_tvalid & self.s_axis_tready):
            m.d.sync += [total.eq(sum(words, total)), beat.eq(beat + 1), busy.eq(busy + 1)]
            with m.If(beat == self.beats - 1):
                m.d.sync += [sending.eq(1), beat.eq(0)]
        with m.Elif(~sending):
            m.d.sync += starved.eq(starved + 1)
        count = self.outputs + (self.fault == "extra")
        wobble = Signal()
        m.d.sync += wobble.eq(~wobble)
        m.d.comb += [
            self.m_axis_tvalid.eq(sending),
            self.m_axis_tdata.eq(
                (out + 1) * total - 1000 + (wobble if self.fault == "unstable" else 0)
            ),
            self.m_axis_tlast.eq(out == self.outputs - (2 if self.fault == "last" else 1)),
        ]
        with m.If(sending):
            m.d.sync += stalled.eq(stalled + ~self.m_axis_tready)
            with m.If(self.m_axis_tready):
                m.d.sync += out.eq(out + 1)
                with m.If(out == count - 1):
                    m.d.sync += [sending.eq(0), out.eq(0), total.eq(0), images.eq(images + 1)]
        m.d.sync += cycles.eq(cycles + 1)
        with m.If(self.counter_clear):
            m.d.sync += [s.eq(0) for s in (images, cycles, busy, stalled, starved)]
        with m.Switch(self.counter_address):
            for address, counter in enumerate((images, cycles, busy, stalled, starved)):
                with m.Case(address):
                    m.d.comb += self.counter_data.eq(counter)
        return m
