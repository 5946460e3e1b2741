"""The way into the network: counts beats, and holds an image back until it may come."""

from __future__ import annotations

from amaranth import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ..lib.loop_counter import counter


class Gate(wiring.Component):
    """Lets the images of a job through, all beats of one after its first.

    Timing: no latency. With ``single``, the first beat of an image may pass in the cycle after the
    last value of the one before left.

    Parameters
    ----------
    width: bits of a beat. beats: of an image.

    Ports
    -----
    begin: ``images_in`` to zero. go: a job of ``last_image`` + 1 images begins. open: the job runs.
        single: one image in flight.
    flying: there is one. room: one more may come.
    i, o: beats. started: the first beat of an image passes. images_in: of this job. exhausted: all
        beats have passed.
    waiting: the network would take a beat that is due, and there is none.
    """

    def __init__(self, *, width: int, beats: int):
        if beats < 1:
            raise ValueError(f"beats: expected 1 or more, got {beats}")
        self.beats = beats
        super().__init__(
            {
                **{name: In(1) for name in ("begin", "go", "open", "single", "flying", "room")},
                "last_image": In(32),
                "i": In(stream.Signature(width)),
                "o": Out(stream.Signature(width)),
                **{name: Out(1) for name in ("started", "exhausted", "waiting")},
                "images_in": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        beat = counter(m, "beat", self.beats)
        more, inside, passes = Signal(), Signal(), Signal()
        images_in = Signal(32, reset_less=True)  # may be read after the job, whatever its end
        m.d.comb += [
            self.images_in.eq(images_in),
            passes.eq(self.open & (inside | (more & self.room & ~(self.single & self.flying)))),
            self.o.valid.eq(self.i.valid & passes),
            self.o.payload.eq(self.i.payload),
            self.i.ready.eq(self.o.ready & passes),
            beat.step.eq(self.o.valid & self.o.ready),
            self.started.eq(beat.step & ~inside),
            self.exhausted.eq(~more & ~inside),
            self.waiting.eq(passes & self.o.ready & ~self.i.valid),
        ]
        with m.If(beat.step):
            m.d.sync += inside.eq(~beat.wrap)
        with m.If(self.begin):
            m.d.sync += images_in.eq(0)
        with m.If(self.go):
            m.d.sync += more.eq(1)
        with m.Elif(self.started):
            m.d.sync += [more.eq(images_in != self.last_image), images_in.eq(images_in + 1)]
        return m
