"""The search for a clock, with builds that pass up to some clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spikeloom.backend.bitstream.clocks import RUNS, TimingError, Try, reachable, search
from spikeloom.errors import SpikeLoomError

PLLS = {"pynq-z2": 1000.0, "zcu104": 1499.985}


class Bench:
    """A network that passes up to ``limit`` MHz; ``promise`` is what a run says about a clock, by
    default the truth.
    """

    def __init__(self, limit: float, promise: float | None = None) -> None:
        self.limit, self.promise = limit, promise or limit
        self.built: list[float] = []

    def build(self, clock: float) -> str:
        self.built.append(clock)
        if clock > self.limit:
            raise TimingError("not met", self.promise)
        return f"built at {clock}"

    def search(self, start: float, pll: float = 1000.0, shown: list[Try] | None = None):
        seen = shown if shown is not None else []
        return search(start, pll, self.build, lambda _: self.promise, seen.append)


def test_it_goes_down_to_what_passes() -> None:
    bench, seen = Bench(93.0), list[Try]()
    found = bench.search(100.0, shown=seen)
    assert found.clock_mhz == 90.90909 and found.result == "built at 90.90909"
    assert seen == [Try(100.0, False, 93.0), Try(90.90909, True, 93.0)] == list(found.tries)
    assert bench.built == [100.0, 90.90909]


def test_it_goes_up_where_there_is_slack() -> None:
    found = Bench(130.0).search(100.0)
    assert found.clock_mhz == 125.0 and [one.clock_mhz for one in found.tries] == [100.0, 125.0]


def test_a_promise_that_is_not_kept() -> None:
    """The faster clock fails: the one that passed is the answer."""
    bench = Bench(101.0, promise=130.0)
    found = bench.search(100.0)
    assert (
        found.clock_mhz == 100.0
        and found.result == "built at 100.0"
        and bench.built == [100.0, 125.0]
    )
    bench = Bench(80.0, promise=200.0)
    assert bench.search(100.0).clock_mhz <= 80.0 and len(set(bench.built)) == len(bench.built)


def test_it_gives_up() -> None:
    bench = Bench(1.0, promise=1000.0)
    with pytest.raises(TimingError):
        bench.search(99.0)
    assert len(bench.built) == RUNS


def test_hold_is_not_a_matter_of_the_clock() -> None:
    bench = Bench(0.0)
    bench.promise = None  # type: ignore[assignment]
    with pytest.raises(TimingError):
        bench.search(100.0)
    assert bench.built == [100.0]


def test_other_errors_are_not_eaten() -> None:
    def build(clock: float) -> str:
        raise SpikeLoomError("no licence")

    with pytest.raises(SpikeLoomError, match="no licence"):
        search(100.0, 1000.0, build, lambda _: 1.0)


@given(
    st.floats(5.0, 400.0), st.floats(5.0, 400.0), st.floats(0.5, 2.0), st.sampled_from(sorted(PLLS))
)
def test_any_search(start: float, limit: float, honesty: float, board: str) -> None:
    """It ends, runs no clock twice, and its answer is the fastest that it saw pass."""
    bench = Bench(limit, limit * honesty)
    try:
        found = bench.search(start, PLLS[board])
    except TimingError:
        assert all(clock > limit for clock in bench.built)
    else:
        assert found.clock_mhz == max(clock for clock in bench.built if clock <= limit)
        assert found.result == f"built at {found.clock_mhz}"
    assert len(bench.built) <= RUNS and len(set(bench.built)) == len(bench.built)


@given(st.floats(1.0, 800.0), st.sampled_from(sorted(PLLS)))
def test_a_reachable_clock(wanted: float, board: str) -> None:
    """Never faster than wanted, made of two dividers, and itself reachable."""
    pll = PLLS[board]
    found = reachable(pll, wanted)
    assert found <= wanted + 1e-6 and reachable(pll, found) == found
    assert min(abs(pll / (a * b) - found) for a in range(1, 64) for b in range(1, a + 1)) < 1.1e-6


def test_a_clock_that_no_divider_makes() -> None:
    with pytest.raises(SpikeLoomError, match="expected 0.252 or more"):
        reachable(1000.0, 0.2)
