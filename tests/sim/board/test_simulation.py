"""The memory of the simulated board and its eye for broken rules, on a stand-in that copies words
and breaks rules on demand.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from spikeloom.errors import SpikeLoomError
from spikeloom_sim.board import (
    AxiViolation,
    BoardError,
    Fault,
    MemoryModel,
    Simulation,
    build,
    random_memory,
)

from tests.sim.board.standin import BUG, copy, emitted, finished, library, offset, start

WORDS = 700
SOURCE, TARGET = 0x1000_0000, 0x2000_0000
SIZE = 1 << 14


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("standin"))


class Bench:
    """A stand-in with a source of random bytes and a target of zeros; ``width`` in bytes."""

    def __init__(
        self, built: Path, width: int = 8, memory: MemoryModel | None = None, high: int = 0
    ) -> None:
        self.simulation = Simulation(built, width // 16, memory)
        self.width, self.high = width, high
        self.data = np.random.default_rng(0).integers(0, 256, SIZE, dtype=np.uint8)
        self.result = np.zeros(SIZE, dtype=np.uint8)
        self.simulation.map(high + SOURCE, self.data)
        self.simulation.map(high + TARGET, self.result)

    def copy(self, words: int = WORDS, at: int = 56 * 16, bug: int = 0) -> int:
        """Copy to another place in the page than the source's; the cycles."""
        self.result[:] = 0
        return copy(
            self.simulation, self.high + SOURCE + at, self.high + TARGET + 2 * at, words, bug
        )

    def right(self, words: int = WORDS, at: int = 56 * 16) -> bool:
        """Whether the words were copied and nothing else was written."""
        expected = np.zeros(SIZE, dtype=np.uint8)
        expected[2 * at : 2 * at + words * self.width] = self.data[at : at + words * self.width]
        return np.array_equal(self.result, expected)

    @property
    def error(self) -> int:
        return self.simulation.read(offset("error"))


@pytest.fixture
def bench(built: Path) -> Bench:
    return Bench(built)


@pytest.mark.parametrize(("width", "high"), [(8, 0), (16, 0), (16, 0x7_8000_0000)])
def test_words_arrive(built: Path, width: int, high: int) -> None:
    bench = Bench(built, width, high=high)
    bench.copy(at=0x700 if width == 16 else 0x380)
    assert bench.right(at=0x700 if width == 16 else 0x380) and bench.error == 0
    traffic = bench.simulation.traffic
    assert (traffic.beats_read, traffic.beats_written) == (WORDS, WORDS)
    assert (traffic.reading, traffic.writing, traffic.errors) == (0, 0, 0)
    assert WORDS / 16 <= traffic.reads < WORDS / 16 + 5 and traffic.most_reading > 1


def test_ideal_memory_gives_a_beat_per_cycle_from_the_next_cycle_on(bench: Bench) -> None:
    assert (
        bench.copy(1) == 8
    )  # a cycle each: go, read request, data, queue, write request, write data, response, done
    assert bench.copy(16) == 8 + 2 * 15  # it writes a burst when it has read all of it
    long, longer = bench.copy(512, at=0), bench.copy(1024, at=0)
    assert (
        longer - long == 512 + 512 // 16
    )  # the stand-in begins each burst of writing one cycle late


def test_latency_is_exact(built: Path) -> None:
    ideal = Bench(built).copy(1)
    assert Bench(built, memory=MemoryModel(latency=(60, 60))).copy(1) == ideal + 2 * 59
    spread = {
        Bench(built, memory=MemoryModel(latency=(1, 9), seed=seed)).copy(1) for seed in range(30)
    }
    assert min(spread) >= ideal and max(spread) <= ideal + 16 and len(spread) > 5


def test_slow_memory_is_slow(built: Path) -> None:
    ideal = Bench(built).copy()
    assert Bench(built, memory=MemoryModel(pause=0.5)).copy() > 1.5 * ideal
    assert Bench(built, memory=MemoryModel(latency=(1000, 1000))).copy() > 1000


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_bursts_under_way_are_limited(built: Path, limit: int) -> None:
    bench = Bench(built, memory=MemoryModel(latency=(50, 50), reads=limit, writes=1))
    bench.copy()
    assert bench.right()
    assert (bench.simulation.traffic.most_reading, bench.simulation.traffic.most_writing) == (
        limit,
        1,
    )


@pytest.mark.parametrize("width", [8, 16])
def test_random_memories_change_time_and_nothing_else(built: Path, width: int) -> None:
    bench = Bench(built, width)
    times = set()
    for seed in range(60):
        bench.simulation.memory(random_memory(seed))
        times.add(bench.copy())
        assert bench.right() and bench.error == 0
    assert len(times) > 40


def test_same_seed_same_cycles(built: Path) -> None:
    def run(seed: int) -> tuple[int, int]:
        bench = Bench(
            built,
            memory=MemoryModel((1, 30), pause=0.3, burst=4, shuffle=True, host_skew=5, seed=seed),
        )
        return bench.copy(), bench.simulation.cycles

    assert run(3) == run(3) != run(4)


def test_shuffle_lets_a_read_see_old_or_new_data(built: Path) -> None:
    """Reads and writes do not wait for each other: who reads what is being written gets either."""
    seen = set()
    for seed in range(20):
        bench = Bench(built, memory=MemoryModel(latency=(20, 20), shuffle=True, seed=seed))
        start(bench.simulation, SOURCE, TARGET, 1)
        bench.simulation.advance(4)
        bench.data[:8] = seed  # after the request, before the answer
        finished(bench.simulation)
        seen.add(bool((bench.result[:8] == seed).all()))
    assert seen == {True, False}


ERRORS = {
    Fault.READ_SLVERR: 1,
    Fault.READ_DECERR: 2,
    Fault.WRITE_SLVERR: 4,
    Fault.WRITE_DECERR: 8,
    Fault.LAST_EARLY: 16,
    Fault.LAST_MISSING: 16,
    Fault.READ_LONG: 16,
    Fault.SPURIOUS_READ: 16,
    Fault.SPURIOUS_WRITE: 16,
}


@pytest.mark.parametrize("fault", ERRORS)
@pytest.mark.parametrize("after", [0, 3])
def test_faults_arrive_once(bench: Bench, fault: Fault, after: int) -> None:
    bench.simulation.inject(fault, after)
    bench.copy()
    bench.simulation.advance(100)
    assert bench.error == ERRORS[fault]
    bench.simulation.load()
    bench.copy()
    assert bench.error == 0 and bench.right()


def test_a_fault_hits_the_burst_that_was_meant(bench: Bench) -> None:
    bench.simulation.inject(Fault.WRITE_SLVERR, 2)
    bench.copy(64, at=0)
    assert np.array_equal(bench.result[: 32 * 8], bench.data[: 32 * 8]) and np.array_equal(
        bench.result[48 * 8 : 512], bench.data[48 * 8 : 512]
    )
    assert not bench.result[32 * 8 : 48 * 8].any() and bench.simulation.traffic.errors == 1


def test_faults_at_the_same_burst_follow_each_other(bench: Bench) -> None:
    bench.simulation.inject(Fault.READ_SLVERR, 2)
    bench.simulation.inject(Fault.READ_DECERR, 2)
    bench.copy()
    assert bench.error == 3 and bench.simulation.traffic.errors == 1 + 16


@pytest.mark.parametrize(
    "fault",
    [
        Fault.READ_SILENT,
        Fault.WRITE_SILENT,
        Fault.READ_CLOSED,
        Fault.WRITE_CLOSED,
        Fault.DATA_CLOSED,
    ],
)
@pytest.mark.parametrize("after", [0, 3])
def test_memory_that_stops_answering(bench: Bench, fault: Fault, after: int) -> None:
    bench.simulation.inject(fault, after)
    start(bench.simulation, SOURCE, TARGET, WORDS)
    assert not finished(bench.simulation, 5000)
    traffic = bench.simulation.traffic
    expected = {Fault.READ_CLOSED: traffic.reads, Fault.WRITE_CLOSED: traffic.writes}.get(
        fault, after
    )
    assert expected == after
    bench.simulation.repair()
    bench.simulation.load()
    bench.copy()
    assert bench.right()


def test_a_short_burst_leaves_the_reader_waiting(bench: Bench) -> None:
    bench.simulation.inject(Fault.READ_SHORT)
    start(bench.simulation, SOURCE, TARGET, WORDS)
    assert not finished(bench.simulation, 5000) and bench.error == 16


def test_outside_of_all_memory(bench: Bench) -> None:
    copy(bench.simulation, SOURCE + SIZE, TARGET, 1)
    assert bench.error == 2
    copy(bench.simulation, SOURCE + SIZE - 8, TARGET, 2)
    assert bench.error == 2
    copy(bench.simulation, SOURCE, TARGET - 8, 2)
    assert bench.error == 8
    bench.simulation.unmap(SOURCE)
    copy(bench.simulation, SOURCE, TARGET, 1)
    assert bench.error == 2


RULES = {
    1: "read request: valid was taken back before ready",
    2: "read request: changed while it waited",
    3: "cross 4 KiB",
    4: "32 beats at 0x[0-9a-f]+, 16 are the most",
    5: "burst type 2",
    6: "beats of 4 bytes",
    7: "is no multiple of 8",
    8: "write data: last is 0 on beat 16 of 16",
    9: "write data: changed while it waited",
    10: "write request: changed while it waited",
    11: "write data: valid was taken back",
    12: "cache is 0",
    13: "write response: not taken for 1000000 cycles",
    14: "read data: not taken for 1000000 cycles",
    16: "register read: changed while it waited",
    17: "register write: a response that nothing asked for",
    22: "register write: valid was taken back",
    25: "prot is 1",
    26: "write data: last is 1 on beat 1 of 16",
}


@pytest.mark.parametrize("bug", RULES)
def test_broken_rules_are_seen(built: Path, bug: int) -> None:
    bench = Bench(built, memory=MemoryModel(pause=0.4, burst=3, host_skew=9))
    with pytest.raises(AxiViolation, match=rf"broke a rule of AXI in cycle \d+: .*{RULES[bug]}"):
        for _ in range(3):
            start(bench.simulation, SOURCE + 56, TARGET + 112, WORDS, bug)
            finished(bench.simulation, 1_100_000 if bug in (13, 14) else 5000)
    first = bench.simulation.lib.spikeloom_board_breach(bench.simulation.handle)
    with pytest.raises(AxiViolation, match=re.escape(first.decode())):
        bench.simulation.read(offset("status"))
    bench.simulation.forgive()
    bench.simulation.load()
    bench.copy()
    assert bench.right()


def test_valid_in_reset_is_seen(bench: Bench) -> None:
    bench.simulation.write(BUG, 19)
    with pytest.raises(AxiViolation, match="valid is high in reset"):
        bench.simulation.reset()


def test_who_waits_for_ready_waits_for_ever(built: Path) -> None:
    """A manager must not wait for ready before it says valid: with a memory that waits for valid
    nothing moves.
    """
    assert Bench(built).copy(bug=15)
    bench = Bench(built, memory=MemoryModel(lazy=True))
    start(bench.simulation, SOURCE, TARGET, WORDS, bug=15)
    assert not finished(bench.simulation, 5000)


def test_a_dropped_word_shows(bench: Bench) -> None:
    bench.copy(bug=21)
    assert not bench.right()


def test_registers_that_do_not_answer(bench: Bench) -> None:
    bench.simulation.write(BUG, 18)
    with pytest.raises(BoardError, match="read of register 0x0044: no answer in 10000 cycles"):
        bench.simulation.read(offset("status"))
    bench.simulation.load()
    assert bench.simulation.read(offset("status")) == 0


@pytest.mark.parametrize(("bug", "says"), [(23, "SLVERR"), (24, "DECERR")])
def test_registers_that_answer_with_an_error(bench: Bench, bug: int, says: str) -> None:
    with pytest.raises(BoardError, match=f"answered with {says}"):
        bench.simulation.write(BUG, bug)
        bench.simulation.write(BUG, bug)
        bench.simulation.read(offset("status"))


@pytest.mark.parametrize("how", ["reset", "load"])
def test_reset_in_the_middle(built: Path, how: str) -> None:
    bench = Bench(built, memory=MemoryModel(latency=(40, 40)))
    start(bench.simulation, SOURCE, TARGET, WORDS)
    bench.simulation.advance(100)
    before = bench.simulation.traffic
    assert before.reading and bench.simulation.read(offset("status")) == 1
    getattr(bench.simulation, how)()
    assert bench.simulation.traffic.reading == 0 and bench.simulation.read(offset("status")) == 0
    assert bench.simulation.read(offset("input_words")) == (WORDS if how == "reset" else 0)
    bench.copy()
    assert bench.right()


def test_wrong_requests(bench: Bench, built: Path, tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="overlaps that at 0x10000000"):
        bench.simulation.map(SOURCE + 8, np.zeros(8, dtype=np.uint8))
    with pytest.raises(BoardError, match="contiguous bytes"):
        bench.simulation.map(0, np.zeros(8))
    with pytest.raises(BoardError, match="expected 3 models"):
        Simulation(built, 2)
    for wrong in (
        {"latency": (0, 1)},
        {"latency": (3, 2)},
        {"pause": 1.0},
        {"reads": 0},
        {"burst": 0},
        {"host_skew": -1},
    ):
        with pytest.raises(SpikeLoomError, match="memory model: expected"):
            MemoryModel(**wrong)  # type: ignore[arg-type]
    with pytest.raises(SpikeLoomError, match="run 'spikeloom emit' first"):
        build(tmp_path)
    folder = emitted(tmp_path / "net", "pynq-z2")
    (folder / "rtl" / "top.v").write_text("module top; endmodule", encoding="utf-8")
    with pytest.raises(SpikeLoomError, match="expected the Verilog of manifest.json"):
        build(folder)
    (folder / "rtl" / "shell.v").unlink()
    with pytest.raises(BoardError, match="shell.v: expected an emitted network"):
        build(folder)
