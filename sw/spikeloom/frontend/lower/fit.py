"""Fitting: integers (shift, beta, theta, kappa) whose serial neuron takes exactly the steps of a
staircase.

The word has rank >= k where ``(m << f) + kappa x + beta >= p_k theta``, p_k the k-th code value. A
step at n therefore asks

    ((n - 1) << f) + kappa x  <  p_k theta - beta  <=  (n << f) + kappa x

for every k and every x: two linear inequalities in beta and theta. For a given theta the best beta
is an interval, and the length of the interval is concave in theta: Newton's steps from the left
find the smallest theta, or that there is none. What fits at f fits at f + 1, so the smallest f is
found by bisection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spikeloom.ir.neurons import SpikePack, Thresholds
from spikeloom.ir.number import Code, Ints
from spikeloom.ir.staircase import BLOCK, Staircase

FAR = 1 << 61
"""Stands for no bound at all."""

MAX_SHIFT = 32
"""Fraction bits tried, where the drive leaves room for them."""

DRIVE_BITS = 46
"""Bits of magnitude that a drive may take."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A neuron that takes exactly the steps asked for. beta, kappa: (C,)."""

    neuron: SpikePack | Thresholds
    shift: int
    beta: Ints
    kappa: Ints


def _bounds(stairs: Staircase, shift: int, kappa: Ints) -> tuple[Ints, Ints]:
    """(C, K) lowest and highest ``p_k theta - beta`` that gives step k, over all values of the
    residual.
    """
    low, high = stairs.low[:, None], stairs.high[:, None]
    if len(stairs.skip_values) == 1 and stairs.skip_values[0] == 0:
        steps = stairs.steps[:, :, 0]
        return np.where(steps > low, ((steps - 1) << shift) + 1, -FAR), np.where(
            steps <= high, steps << shift, FAR
        )
    channels, count, values = stairs.steps.shape
    bottom, top = (
        np.empty((channels, count), dtype=np.int64),
        np.empty((channels, count), dtype=np.int64),
    )
    block = max(1, BLOCK // values)
    for c in range(channels):
        joined = kappa[c] * stairs.skip_values
        for part in (slice(first, first + block) for first in range(0, count, block)):
            steps = stairs.steps[c, part]
            moved = (steps << shift) + joined
            bottom[c, part] = np.where(steps > low[c], moved - (1 << shift) + 1, -FAR).max(axis=1)
            top[c, part] = np.where(steps <= high[c], moved, FAR).min(axis=1)
    return bottom, top


def _beta_range(theta: Ints, places: Ints, bottom: Ints, top: Ints) -> tuple[Ints, Ints, Ints]:
    """(C,) lowest and highest beta for each theta, and the slope of the length of that interval."""
    product = places * theta[:, None]
    below, above = product - top, product - bottom
    first, last = below.argmax(axis=1), above.argmin(axis=1)
    rows = np.arange(len(theta))
    return below[rows, first], above[rows, last], places[last] - places[first]


def _solve(places: Ints, bottom: Ints, top: Ints, limit: Ints) -> tuple[Ints, Ints, Ints]:
    """(C,) theta, beta and whether they exist: ``bottom <= places * theta - beta <= top`` with 1 <=
    theta <= limit.

    The smallest such theta, for the drive is then as narrow as it can be.
    """
    theta, beta, found = np.ones_like(limit), np.zeros_like(limit), np.zeros_like(limit)
    left = np.arange(len(limit))
    while left.size:
        least, most, slope = _beta_range(theta[left], places, bottom[left], top[left])
        hit = least <= most
        beta[left[hit]], found[left[hit]] = (least[hit] + most[hit]) // 2, 1
        # The length is concave: no theta before the root of its tangent will do, and none at all
        # where it no longer grows.
        go = ~hit & (slope > 0)
        left, short = left[go], least[go] - most[go]
        theta[left] += -(-short // slope[go])
        left = left[theta[left] <= limit[left]]
    return theta, beta, found


def _spikepack(
    stairs: Staircase, code: Code, shift: int, kappa: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """(C,) theta, beta, tie and whether the channel fits."""
    places = code.codebook - code.min_value
    ranks = np.arange(1, len(places))
    bottom, top = _bounds(stairs, shift, kappa)
    limit = (stairs.high - stairs.low + 2) << shift
    if int(limit.max()) * int(places[-1]) >= FAR // 2:
        limit = np.minimum(limit, FAR // 2 // int(places[-1]))
    theta, beta, found = _solve(places[1:], bottom, top, limit)
    tie = np.zeros_like(found)
    if code.plain and not found.all():
        # A cleared last spike moves the odd steps from "at" to "just above".
        odd = ranks % 2
        flagged = _solve(places[1:], bottom - odd, top - odd, limit)
        use = (found == 0) & (flagged[2] == 1)
        theta, beta, tie = (
            np.where(use, flagged[0], theta),
            np.where(use, flagged[1], beta),
            use.astype(np.int64),
        )
        found = found | flagged[2]
    return theta, beta, tie, found


def _kappas(stairs: Staircase, shift: int) -> list[Ints]:
    """Candidates for the residual's integer factor, the nearest first. A constant channel has
    none.
    """
    nearest = np.where(
        stairs.constant,
        0,
        np.array([round(k * (1 << shift)) for k in stairs.kappa], dtype=np.int64),
    )
    return (
        [nearest]
        if not stairs.skip_values.any()
        else [nearest, *(np.where(stairs.constant, 0, nearest + d) for d in (1, -1))]
    )


def _try_spikepack(stairs: Staircase, code: Code, shift: int, kappa: Ints) -> tuple[Ints, ...]:
    """(C,) kappa and what :func:`_spikepack` finds, some channels at a time; constant channels fit
    anyhow.
    """
    block = max(1, BLOCK // stairs.steps.shape[1])
    parts = [slice(first, first + block) for first in range(0, len(kappa), block)]
    found = [_spikepack(stairs.channels(part), code, shift, kappa[part]) for part in parts]
    theta, beta, tie, fits = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    constant, answer = stairs.constant, (code.codebook - code.min_value)[stairs.constant_rank]
    theta, beta = np.where(constant, 1, theta), np.where(constant, answer, beta)
    return kappa, theta, beta, np.where(constant, 0, tie), np.where(constant, 1, fits)


def _try_table(stairs: Staircase, code: Code, shift: int, kappa: Ints) -> tuple[Ints, ...]:
    """Thresholds on u itself, beta 0: the highest that each step allows. (C,) kappa, (C, K)
    thresholds, whether the channel fits.
    """
    bottom, top = _bounds(stairs, shift, kappa)
    beyond = (stairs.high << shift) + (kappa[:, None] * stairs.skip_values).max(axis=1) + 1
    return kappa, np.minimum(top, beyond[:, None]), (bottom <= top).all(axis=1).astype(np.int64)


def _fit_at(stairs: Staircase, code: Code, shift: int, table: bool) -> Fit | None:
    """A fit with ``shift`` fraction bits, every channel with the first factor for the residual that
    works.
    """
    best: tuple[Ints, ...] | None = None
    for kappa in _kappas(stairs, shift):
        tried = (_try_table if table else _try_spikepack)(stairs, code, shift, kappa)
        if best is not None:
            done = best[-1] == 1
            tried = tuple(
                np.where(done.reshape(-1, *(1,) * (a.ndim - 1)), a, b)
                for a, b in zip(best, tried, strict=True)
            )
        best = tried
        if best[-1].all():
            zero = np.zeros_like(best[0])
            if table:
                return Fit(Thresholds(code, best[1]), shift, zero, best[0])
            return Fit(SpikePack(code, best[1], best[3]), shift, best[2], best[0])
    return None


def max_shift(stairs: Staircase) -> int | None:
    """Fraction bits that leave the drive narrow enough; None where not even 0 do."""
    reach = int(np.maximum(np.abs(stairs.low), np.abs(stairs.high)).max()) + 2
    slope = max((abs(k) for k in stairs.kappa), default=0)
    reach += int(slope * int(np.abs(stairs.skip_values).max())) + 1
    room = DRIVE_BITS - reach.bit_length()
    return min(MAX_SHIFT, room) if room >= 0 else None


def fit(stairs: Staircase, code: Code) -> Fit | None:
    """The serial neuron with the fewest fraction bits, else a threshold table, else None (a
    residual that no shift makes exact).
    """
    most = max_shift(stairs)
    if most is None:
        return None
    for table in (False, True):
        low, high = 0, most
        found = _fit_at(stairs, code, high, table)
        while found is not None and low < high:
            middle = (low + high) // 2
            tried = _fit_at(stairs, code, middle, table)
            found, low, high = (found, middle + 1, high) if tried is None else (tried, low, middle)
        if found is not None:
            return found
    return None
