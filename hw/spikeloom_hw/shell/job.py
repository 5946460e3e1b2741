"""One job from its start to its end: well, aborted, or with an error after which everything under
way is awaited.
"""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from spikeloom.interface.registers import register

RESET_CYCLES = 8
"""Cycles that the network is held in reset."""

QUIET = 1 << 16
"""Cycles without a response after which a memory port that broke its rules is believed to be
done.
"""

FAULTS = (
    "read_slverr",
    "read_decerr",
    "write_slverr",
    "write_decerr",
    "protocol",
    "start_while_busy",
    "misaligned",
    "stuck",
    "underrun",
    "overrun",
    "no_weights",
)
"""Fields of the register ``error``, by bit."""

FROM_MEMORY = FAULTS[:5]


class Job(wiring.Component):
    """The order of things.

    Timing: ``go`` is high two cycles after ``start``, ``running`` from the cycle after. ``ended``
    or a fault ends that in its own cycle; without a fault ``busy`` falls in the next one. A reset
    lasts ``RESET_CYCLES``; one follows a reset of the shell.

    Parameters
    ----------
    word_bytes: of the memory port; addresses must be multiples of it. load_words: memory words of a
        load; 0 where weights are fixed.
    quiet: see ``QUIET``.

    Ports
    -----
    start, load, abort: what was written to ``control``. input_address, ..., watchdog: registers,
        sampled up to ``go``.
    read_slverr, ... protocol: in this cycle. moved: any transfer, at memory or network.
    ended: all beats are in the network, all results acknowledged. leftover: and input words are not
        used. dry: beats are missing, and no words are left.
    sending: addresses or data are offered to memory. awaiting: responses are due. responded: one
        came.
    begin: a start is looked at; what is counted per job begins at zero. go: everything begins.
        loading: it is a load.
    running: from then on to the end, or to the first fault. stop: begin nothing with memory.
    flush: data paths to their beginning. reset: likewise, and the network. last_image: ``images`` -
        1.
    error_set: see ``FAULTS``. status_busy, ...: fields of ``status``. job_cycles: register.
    """

    def __init__(self, *, word_bytes: int, load_words: int = 0, quiet: int = QUIET):
        if word_bytes < 1 or word_bytes & (word_bytes - 1):
            raise ValueError(f"bytes of a memory word: expected a power of two, got {word_bytes}")
        assert tuple(field.name for field in register("error").fields) == FAULTS
        self.low, self.load_words, self.quiet = word_bytes.bit_length() - 1, load_words, quiet
        super().__init__(
            {
                **{name: In(1) for name in ("start", "load", "abort", *FROM_MEMORY)},
                **{
                    name: In(1)
                    for name in (
                        "moved",
                        "ended",
                        "leftover",
                        "dry",
                        "sending",
                        "awaiting",
                        "responded",
                    )
                },
                "input_low": In(self.low),
                "output_low": In(self.low),
                **{name: In(32) for name in ("images", "input_words", "watchdog")},
                **{name: Out(1) for name in ("begin", "go", "loading", "running", "stop")},
                **{name: Out(1, init=1) for name in ("flush", "reset")},
                "last_image": Out(32),
                "error_set": Out(len(FAULTS)),
                **{
                    f"status_{name}": Out(1)
                    for name in ("busy", "done", "failed", "draining", "weights")
                },
                "job_cycles": Out(64),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        faults = {name: Signal(name=name) for name in FAULTS}
        m.d.comb += [faults[name].eq(getattr(self, name)) for name in FROM_MEMORY]
        m.d.comb += self.error_set.eq(Cat(faults[name] for name in FAULTS))
        fails, early, settled = Signal(), Signal(), Signal()
        m.d.comb += fails.eq(
            early
            | self.abort
            | Cat(faults[name] for name in FAULTS if name != "start_while_busy").any()
        )
        self.watch(m, faults["stuck"])
        self.settle(m, settled)

        failing, count = Signal(), Signal(range(RESET_CYCLES))
        # As long as the memories themselves: neither reset nor abort brings weights back that a
        # broken load has overwritten.
        whole, begins = Signal(init=1, reset_less=True), self.begin
        with m.FSM(init="RESET", name="job_state") as fsm:
            with m.State("RESET"):
                self.in_reset(m, count, failing)
            with m.State("IDLE"):
                self.in_idle(m, early)
            with m.State("CHECK"):
                self.in_check(m, faults, fails, early, whole)
            with m.State("GO"):
                m.d.comb += self.go.eq(1)
                m.d.sync += early.eq(fails)
                with m.If(self.loading):
                    m.d.sync += whole.eq(0)
                m.next = "RUN"
            with m.State("RUN"):
                self.in_run(m, faults, fails, failing, whole)
            with m.State("DRAIN"):
                m.d.comb += [self.stop.eq(1), self.status_draining.eq(1)]
                with m.If(settled):
                    m.d.sync += [self.reset.eq(1), self.flush.eq(1)]
                    m.next = "RESET"
        idle, ticking = fsm.ongoing("IDLE"), Signal()
        m.d.comb += [
            self.status_busy.eq(~idle),
            self.status_weights.eq(whole),
            faults["start_while_busy"].eq(
                (self.start & (~idle | self.abort))
                | (self.load & (~idle | self.abort | self.start))
            ),
            ticking.eq(~idle & ~fsm.ongoing("RESET")),
        ]
        with m.If(begins):
            m.d.sync += self.job_cycles.eq(0)
        with m.Elif(ticking):
            m.d.sync += self.job_cycles.eq(self.job_cycles + 1)
        return m

    def in_reset(self, m: Module, count: Signal, failing: Signal) -> None:
        """Network and data paths are held in reset."""
        m.d.sync += count.eq(count + 1)
        with m.If(count == RESET_CYCLES - 1):
            m.d.sync += [
                self.reset.eq(0),
                self.flush.eq(0),
                count.eq(0),
                failing.eq(0),
                self.status_failed.eq(self.status_failed | failing),
            ]
            m.next = "IDLE"

    def in_idle(self, m: Module, early: Signal) -> None:
        """Waits for a start, a load or an abort."""
        with m.If(self.abort):
            m.d.sync += [self.reset.eq(1), self.flush.eq(1)]
            m.next = "RESET"
        with m.Elif(self.start | self.load):
            m.d.comb += self.begin.eq(1)
            m.d.sync += [
                self.status_done.eq(0),
                self.status_failed.eq(0),
                self.flush.eq(1),
                early.eq(0),
            ]
            m.d.sync += self.loading.eq(~self.start)
            m.next = "CHECK"

    def in_check(
        self, m: Module, faults: dict[str, Signal], fails: Signal, early: Signal, whole: Signal
    ) -> None:
        """Looks at the registers of the job."""
        wrong_run = self.output_low.any() | (self.images == 0)
        wrong_load = self.input_words != self.load_words
        wrong, missing = Signal(), Signal()
        m.d.comb += [
            wrong.eq(
                self.input_low.any()
                | (self.input_words == 0)
                | Mux(self.loading, wrong_load, wrong_run)
            ),
            missing.eq(~self.loading & ~whole),
            faults["misaligned"].eq(wrong),
            faults["no_weights"].eq(missing),
        ]
        m.d.sync += [self.last_image.eq(self.images - 1), self.flush.eq(0), early.eq(fails)]
        m.next = "GO"
        with m.If(wrong | missing):
            m.d.sync += self.status_failed.eq(1)
            m.next = "IDLE"

    def in_run(
        self, m: Module, faults: dict[str, Signal], fails: Signal, failing: Signal, whole: Signal
    ) -> None:
        """Until all is done, or something fails."""
        m.d.comb += [
            self.running.eq(1),
            faults["underrun"].eq(self.dry),
            faults["overrun"].eq(self.ended & self.leftover),
        ]
        with m.If(fails):
            m.d.sync += failing.eq(1)
            m.next = "DRAIN"
        with m.Elif(self.ended):
            m.d.sync += [self.status_done.eq(1), whole.eq(1)]
            m.next = "IDLE"

    def watch(self, m: Module, stuck: Signal) -> None:
        """Counts down while nothing moves."""
        left = Signal(32)
        m.d.comb += stuck.eq(self.running & (self.watchdog != 0) & (left == 0))
        m.d.sync += left.eq(Mux(self.moved | ~self.running, self.watchdog, left - 1))
        # A watchdog that is set while a job runs begins with the next transfer.
        with m.If(self.watchdog == 0):
            m.d.sync += left.eq(0xFFFF_FFFF)

    def settle(self, m: Module, settled: Signal) -> None:
        """Nothing is under way; where the memory port broke its rules, counting is no proof of
        that, and silence must do.
        """
        broken, silence = Signal(), Signal(range(self.quiet + 1), init=self.quiet)
        with m.If(~self.status_draining | self.responded):
            m.d.sync += silence.eq(self.quiet)
        with m.Elif(silence != 0):
            m.d.sync += silence.eq(silence - 1)
        with m.If(self.go | self.reset):
            m.d.sync += broken.eq(0)
        with m.Elif(self.protocol):
            m.d.sync += broken.eq(1)
        m.d.comb += settled.eq(
            ~self.sending & Mux(broken | self.protocol, silence == 0, ~self.awaiting)
        )
