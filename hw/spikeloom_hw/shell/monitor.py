"""Measures: when images came and went, what that makes of latencies and intervals, and a log of the
last ones.
"""

from __future__ import annotations

from amaranth import Cat, Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from spikeloom.interface.registers import LOG_DEPTH

IN_FLIGHT = 32
"""Images whose first beat is remembered; one more waits."""

FIGURES = {
    "latency_min": 32,
    "latency_max": 32,
    "latency_sum": 64,
    "latency_count": 64,
    "interval_min": 32,
    "interval_max": 32,
    "interval_sum": 64,
    "interval_count": 64,
    "input_wait": 64,
    "output_wait": 64,
}
"""Registers that the monitor keeps, all cleared together, and their bits."""


class Monitor(wiring.Component):
    """Latency: cycles from the transfer of an image's first beat to that of its last value, both
    counted. Interval: from the last value of the image before to its own; an image without one
    before in its job has 0 in the log, and none in the figures.

    Timing: an image is in the figures and in the log three cycles after ``finished``; ``log_data``
    comes two cycles after its address.

    Ports
    -----
    started, finished: the first beat of an image, the last value of one. flying: images are between
        the two. room: one more can be.
    go, flush: no image came before; those in flight are forgotten. clear: all figures and the log
        are forgotten.
    waits_input, waits_output: what ``input_wait`` and ``output_wait`` count. cycle: since reset.
        The others: registers.
    log_address, log_data: an entry, latency in the low half; 0 where there is none.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                **{
                    name: In(1)
                    for name in (
                        "started",
                        "finished",
                        "go",
                        "flush",
                        "clear",
                        "waits_input",
                        "waits_output",
                    )
                },
                "flying": Out(1),
                "room": Out(1),
                "cycle": Out(64),
                **{
                    name: Out(width, init=-1 if name.endswith("_min") else 0)
                    for name, width in FIGURES.items()
                },
                "log_address": In(range(LOG_DEPTH)),
                "log_data": Out(64),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.sync += self.cycle.eq(self.cycle + 1)
        now = self.cycle[:32]
        stamps = SyncFIFO(width=32, depth=IN_FLIGHT)
        m.submodules.stamps = ResetInserter(self.flush)(stamps)
        before, earlier, previous = Signal(32), Signal(), Signal(32, init=(1 << 32) - 1)
        latency, interval, ended, followed = Signal(32), Signal(32), Signal(), Signal()
        m.d.comb += [
            stamps.w_en.eq(self.started),
            stamps.w_data.eq(
                previous
            ),  # the cycle before, so that one subtraction counts both ends
            stamps.r_en.eq(self.finished),
            self.flying.eq(stamps.r_rdy),
            self.room.eq(stamps.w_rdy),
        ]
        m.d.sync += [
            previous.eq(now),
            ended.eq(self.finished),
            followed.eq(self.finished & earlier),
            latency.eq(now - stamps.r_data),
            interval.eq(Mux(earlier, now - before, 0)),
        ]
        with m.If(self.finished):
            m.d.sync += [before.eq(now), earlier.eq(1)]
        with m.If(self.go | self.flush):
            m.d.sync += earlier.eq(0)
        self.figures(m, "latency", ended, latency)
        self.figures(m, "interval", followed, interval)
        for name, waits in (("input_wait", self.waits_input), ("output_wait", self.waits_output)):
            waited, count = Signal(name=f"{name}_now"), getattr(self, name)
            m.d.sync += [waited.eq(waits), count.eq(count + waited)]
        with m.If(self.clear):
            m.d.sync += [getattr(self, name).eq(getattr(self, name).init) for name in FIGURES]
        self.log(m, ended, Cat(latency, interval))
        return m

    def figures(self, m: Module, name: str, valid: Signal, value: Signal) -> None:
        """Least, greatest, sum and count of a value."""
        least, greatest, total, count = (
            getattr(self, f"{name}_{what}") for what in ("min", "max", "sum", "count")
        )
        with m.If(valid):
            m.d.sync += [
                least.eq(Mux(value < least, value, least)),
                greatest.eq(Mux(value > greatest, value, greatest)),
                total.eq(total + value),
                count.eq(count + 1),
            ]

    def log(self, m: Module, valid: Signal, entry: Signal) -> None:
        """A ring of the last images. Entries from before a clear are there, but not shown."""
        m.submodules.log = memory = Memory(shape=64, depth=LOG_DEPTH, init=[])
        write, read = memory.write_port(), memory.read_port()
        shown = Signal()
        index = len(self.log_address)
        m.d.comb += [
            write.en.eq(valid),
            write.addr.eq(self.latency_count),
            write.data.eq(entry),
            read.addr.eq(self.log_address),
        ]
        m.d.sync += self.log_data.eq(Mux(shown, read.data, 0))
        m.d.sync += shown.eq(
            self.latency_count[index:].any() | (self.log_address < self.latency_count[:index])
        )
