"""The order of a job, cycle by cycle."""

from __future__ import annotations

from typing import Any

import pytest
from amaranth.sim import Simulator
from spikeloom_hw.shell.job import FAULTS, FROM_MEMORY, RESET_CYCLES, Job

OUTPUTS = ("go", "running", "stop", "flush", "reset", "status_busy", "status_draining")


class Bench:
    """Sets inputs, and sees which outputs are high."""

    def __init__(self, ctx: Any, job: Job) -> None:
        self.ctx, self.job = ctx, job

    def set(self, **values: int) -> None:
        for name, value in values.items():
            self.ctx.set(getattr(self.job, name), value)

    async def tick(self, **values: int) -> set[str]:
        """One cycle with these inputs, which are low again after it; the outputs that were high in
        it.
        """
        self.set(**values)
        high = {name for name in OUTPUTS if self.ctx.get(getattr(self.job, name))}
        faults = self.ctx.get(self.job.error_set)
        high |= {name for bit, name in enumerate(FAULTS) if faults >> bit & 1}
        await self.ctx.tick()
        self.set(**dict.fromkeys(values, 0))
        return high

    async def start(self) -> None:
        """Up to the first cycle of ``running``."""
        assert await self.tick(start=1) == set()
        assert await self.tick() == {"flush", "status_busy"}
        assert await self.tick() == {"go", "status_busy"}

    async def reset(self) -> None:
        for _ in range(RESET_CYCLES):
            assert await self.tick() == {"reset", "flush", "status_busy"}
        assert await self.tick() == set()

    @property
    def status(self) -> tuple[int, int]:
        return self.ctx.get(self.job.status_done), self.ctx.get(self.job.status_failed)


def play(story: Any, quiet: int = 20, load_words: int = 0) -> None:
    job = Job(word_bytes=8, load_words=load_words, quiet=quiet)

    async def run(ctx: Any) -> None:
        bench = Bench(ctx, job)
        await bench.reset()
        bench.set(images=3, input_words=9)
        await story(bench)

    simulator = Simulator(job)
    simulator.add_clock(1e-8)
    simulator.add_testbench(run)
    simulator.run()


RUNNING = {"running", "status_busy"}
DRAINING = {"stop", "status_draining", "status_busy"}


def test_a_job_that_ends_well() -> None:
    async def story(bench: Bench) -> None:
        for length in (1, 50):
            await bench.start()
            assert bench.ctx.get(bench.job.last_image) == 2 and bench.status == (0, 0)
            for _ in range(length - 1):
                assert await bench.tick() == RUNNING
            assert await bench.tick(ended=1) == RUNNING
            assert await bench.tick() == set()
            assert bench.status == (1, 0)
            assert bench.ctx.get(bench.job.job_cycles) == length + 2, (
                "the cycles in which it was busy"
            )

    play(story)


@pytest.mark.parametrize("name", [*FROM_MEMORY[:4], "abort", "dry"])
def test_a_fault_ends_it(name: str) -> None:
    async def story(bench: Bench) -> None:
        await bench.start()
        error = {"dry": {"underrun"}, "abort": set()}.get(name, {name})
        bench.set(sending=1, awaiting=1)
        assert await bench.tick(**{name: 1}) == RUNNING | error
        for _ in range(30):
            assert await bench.tick() == DRAINING
        bench.set(sending=0)
        assert await bench.tick() == DRAINING
        bench.set(sending=1, awaiting=0)
        for _ in range(30):
            assert await bench.tick() == DRAINING
        bench.set(sending=0)
        assert await bench.tick() == DRAINING
        assert bench.status == (0, 0), "it has not ended yet"
        await bench.reset()
        assert bench.status == (0, 1)
        await bench.start()
        assert bench.status == (0, 0)

    play(story)


def test_too_many_words() -> None:
    async def story(bench: Bench) -> None:
        await bench.start()
        assert await bench.tick(leftover=1) == RUNNING, "before the end they are not left over"
        assert await bench.tick(leftover=1, ended=1) == RUNNING | {"overrun"}
        assert await bench.tick() == DRAINING
        await bench.reset()
        assert bench.status == (0, 1)

    play(story)


@pytest.mark.parametrize("cycle", [1, 2])
@pytest.mark.parametrize("name", ["abort", "read_slverr"])
def test_nothing_is_lost_before_the_job_runs(name: str, cycle: int) -> None:
    async def story(bench: Bench) -> None:
        await bench.tick(start=1)
        for k in (1, 2):
            await bench.tick(**{name: int(k == cycle)})
        assert await bench.tick() == RUNNING
        assert await bench.tick() == DRAINING
        await bench.reset()
        assert bench.status == (0, 1)
        await bench.start()
        assert await bench.tick() == RUNNING
        assert await bench.tick() == RUNNING

    play(story)


@pytest.mark.parametrize(
    "wrong", [{"input_low": 4}, {"output_low": 1}, {"images": 0}, {"input_words": 0}]
)
def test_misaligned(wrong: dict[str, int]) -> None:
    async def story(bench: Bench) -> None:
        bench.set(**wrong)
        await bench.tick(start=1)
        assert await bench.tick() == {"flush", "status_busy", "misaligned"}
        assert await bench.tick() == set()
        assert bench.status == (0, 1)

    play(story)


def test_a_port_that_broke_its_rules_must_be_silent() -> None:
    async def story(bench: Bench) -> None:
        await bench.start()
        for _ in range(50):
            assert await bench.tick() == RUNNING, "silence before is none after"
        assert await bench.tick(protocol=1) == RUNNING | {"protocol"}
        for _ in range(5):
            assert await bench.tick() == DRAINING
        assert await bench.tick(responded=1) == DRAINING
        for _ in range(20):
            assert await bench.tick() == DRAINING
        assert await bench.tick() == DRAINING
        await bench.reset()

    play(story)


def test_the_last_response_breaks_the_rules() -> None:
    """It is known in the cycle in which nothing is awaited any more."""

    async def story(bench: Bench) -> None:
        await bench.start()
        bench.set(awaiting=1)
        await bench.tick(abort=1)
        assert await bench.tick(responded=1) == DRAINING
        bench.set(awaiting=0)
        assert await bench.tick(protocol=1) == DRAINING | {"protocol"}
        for _ in range(19):
            assert await bench.tick() == DRAINING
        await bench.tick()
        await bench.reset()

    play(story)


def test_watchdog() -> None:
    async def story(bench: Bench) -> None:
        await bench.start()
        for _ in range(60):
            assert await bench.tick() == RUNNING, "0 is never"
        await bench.tick(ended=1)
        bench.set(watchdog=30)
        await bench.start()
        for _ in range(3):
            for _ in range(29):
                assert await bench.tick() == RUNNING
            assert await bench.tick(moved=1) == RUNNING
        for _ in range(30):
            assert await bench.tick() == RUNNING
        assert await bench.tick() == RUNNING | {"stuck"}

    play(story)


def test_what_comes_while_busy() -> None:
    async def story(bench: Bench) -> None:
        await bench.start()
        for name in ("start", "load"):
            assert await bench.tick(**{name: 1}) == RUNNING | {"start_while_busy"}
        assert await bench.tick(abort=1) == RUNNING
        assert await bench.tick(start=1, abort=1) == DRAINING | {"start_while_busy"}
        await bench.reset()
        assert await bench.tick(abort=1) == set()
        await bench.reset()
        assert bench.status == (0, 1), "a reset without a job is no end of one"

    play(story)


def test_a_start_without_weights_is_refused() -> None:
    """A load that does not end well leaves none; a reset of the shell does not bring them back, a
    load that ends well does.
    """

    async def story(bench: Bench) -> None:
        def whole() -> int:
            return int(bench.ctx.get(bench.job.status_weights))

        async def load(**end: int) -> None:
            assert await bench.tick(load=1) == set()
            assert await bench.tick() == {"flush", "status_busy"} and whole()
            assert await bench.tick() == {"go", "status_busy"}
            assert await bench.tick() == RUNNING and not whole()
            await bench.tick(**end)

        assert whole()
        await load(abort=1)
        assert await bench.tick() == DRAINING
        await bench.reset()
        for _ in range(2):
            assert not whole()
            assert await bench.tick(start=1) == set()
            assert await bench.tick() == {"flush", "status_busy", "no_weights"}
            assert await bench.tick() == set() and bench.status == (0, 1)
            await bench.tick(abort=1)
            await bench.reset()
        assert await bench.tick(load=1) == set()
        bench.set(input_words=8)
        assert await bench.tick() == {"flush", "status_busy", "misaligned"}
        bench.set(input_words=9)
        await bench.tick()
        assert not whole()
        await bench.tick(load=1)
        await bench.tick()
        await bench.tick()
        assert await bench.tick(ended=1) == RUNNING
        assert whole() and bench.status == (1, 0)
        await bench.start()

    play(story, load_words=9)


def test_a_load_of_another_length_touches_nothing() -> None:
    async def story(bench: Bench) -> None:
        for words in (1, 8, 10, 1 << 31):
            bench.set(input_words=words)
            assert await bench.tick(load=1) == set()
            assert await bench.tick() == {"flush", "status_busy", "misaligned"}
            await bench.tick()
            assert bench.ctx.get(bench.job.status_weights) and bench.status == (0, 1)

    play(story, load_words=9)


def test_refused() -> None:
    with pytest.raises(ValueError, match="power of two"):
        Job(word_bytes=12)
