"""Clocks that a board can make, and the search for one that place and route can meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from spikeloom.backend.tools import ToolError
from spikeloom.interface.handoff import divisors

Result = TypeVar("Result")


class TimingError(ToolError):
    """Timing is not met. ``passing_mhz`` is the fastest clock of the board that the tool's figures
    promise, None where no clock helps.
    """

    def __init__(self, message: str, passing_mhz: float | None) -> None:
        super().__init__(message)
        self.passing_mhz = passing_mhz


RUNS = 4
"""Builds that a search makes at most."""

FASTER = 2
"""How many of them may try a faster clock than one that has passed."""


def reachable(pll_mhz: float, clock_mhz: float) -> float:
    """The fastest clock in MHz that two dividers make of the PLL's and that is not faster than
    ``clock_mhz``, in whole Hz, rounded down.

    Raises SpikeLoomError where it is slower than they reach.
    """
    first, second = divisors(pll_mhz, clock_mhz)
    found = pll_mhz / (first * second)
    # divisors allows for rounding; here the clock is a bound, but for what was cut off to whole Hz.
    if found > clock_mhz + 1e-6:
        first, second = divisors(pll_mhz, clock_mhz / 1.0002)
        found = pll_mhz / (first * second)
    return int(found * 1e6 + 1e-3) / 1e6


@dataclass(frozen=True)
class Try:
    """One run of a search. ``promised_mhz``: what its figures say is possible, None where they say
    nothing.
    """

    clock_mhz: float
    passed: bool
    promised_mhz: float | None


@dataclass(frozen=True)
class Found(Generic[Result]):
    """The fastest clock that passed, what was built with it, and every run in order."""

    clock_mhz: float
    result: Result
    tries: tuple[Try, ...]


def search(
    start_mhz: float,
    pll_mhz: float,
    build: Callable[[float], Result],
    promised: Callable[[Result], float],
    shown: Callable[[Try], None] = lambda _: None,
) -> Found[Result]:
    """The fastest clock that a few whole builds find to pass.

    Begins at ``start_mhz``; goes down to what a failed run promises, and once one has passed, up to
    what that promises.

    Arguments
    ---------
    build: builds the network for a clock in MHz, in a place of its own; raises TimingError where it
        does not pass.
    promised: the clock in MHz that a build which passed says is possible. shown: is called after
        every run.
    Raises what ``build`` raises, except where a slower clock may pass; the last TimingError where
        no run passed.
    """
    clock = reachable(pll_mhz, start_mhz)
    tries: list[Try] = []
    best: tuple[float, Result] | None = None
    failed = float("inf")

    def note(passed: bool, promised_mhz: float | None) -> None:
        tries.append(Try(clock, passed, promised_mhz))
        shown(tries[-1])

    while True:
        try:
            made = build(clock)
        except TimingError as error:
            note(False, error.passing_mhz)
            failed = min(failed, clock)
            if best is not None:
                break
            if error.passing_mhz is None or len(tries) == RUNS:
                raise
            # A promise that is not below the clock that failed would be the same run again.
            clock = reachable(pll_mhz, min(error.passing_mhz, 0.999 * clock))
        else:
            note(True, promised(made))
            best = clock, made
            faster = reachable(pll_mhz, promised(made))
            if (
                not clock < faster < failed
                or len(tries) == RUNS
                or sum(one.passed for one in tries) > FASTER
            ):
                break
            clock = faster
    return Found(best[0], best[1], tuple(tries))
