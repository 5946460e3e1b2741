"""Exact staircases: at which integer does a quantized activation take its next step?

Everything between an accumulator v and the word that leaves a layer is monotone: affine maps (batch
norm, bias, scales), ReLU and a quantizer. So the source network is, per channel, a list of
integers: the first v at which the word has at least rank k. They are computed here in rational
arithmetic from the float constants as they stand in the file, and everything that the compiler
builds is compared with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import ceil, lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.errors import UnsupportedError
from spikeloom.ir.number import Ints

Rationals = npt.NDArray[np.object_]
"""Array of fractions.Fraction."""

Bools = npt.NDArray[np.bool_]

Whole = npt.NDArray[Any]
"""Array of integers: of int64 where that is wide enough, else of Python's own."""

BITS = 62
"""Magnitude of what int64 may hold here."""

BLOCK = 1 << 16
"""Steps that are computed at a time."""

Tick = Callable[[int], None]
"""Called with how many steps have just been dealt with."""


def silent(steps: int) -> None:
    """Tells nobody."""


ROUNDING = (
    "ROUND",
    "HALF_EVEN",
    "HALF_UP",
    "HALF_DOWN",
    "FLOOR",
    "CEIL",
    "UP",
    "DOWN",
    "ROUND_TO_ZERO",
)
"""Rounding modes of QONNX. HALF_UP, HALF_DOWN, UP and DOWN are symmetric about zero, as qonnx
computes them.
"""


def rationals(values: Iterable[Any]) -> Rationals:
    """(C,) exact values of finite numbers (ints, floats, numpy scalars)."""
    exact = [
        v if isinstance(v, Fraction) else Fraction(v.item() if isinstance(v, np.generic) else v)
        for v in values
    ]
    array = np.empty(len(exact), dtype=object)
    array[:] = exact
    return array


def where(condition: Bools, a: Rationals, b: Rationals | Fraction) -> Rationals:
    """Elementwise choice between exact numbers, same shape."""
    chosen: Rationals = np.where(condition, a, np.array(b, dtype=object))
    return chosen


def exact_grid(table: npt.NDArray[Any]) -> tuple[Whole, Fraction]:
    """Finite floats or integers (C, K) as whole numbers times one power of two: exactly ``grid *
    unit``.
    """
    if not np.issubdtype(table.dtype, np.floating):
        return table.astype(object), Fraction(1)
    mantissa, exponent = np.frexp(table.astype(np.float64))
    whole = (mantissa * 2.0**53).astype(np.int64)
    trailing = np.frexp((whole & -whole).astype(np.float64))[1] - 1
    place = np.where(whole == 0, 0, exponent - 53 + trailing).astype(np.int64)
    whole >>= np.maximum(trailing, 0)
    lowest = int(min(place.min(), 0))
    if int((place - lowest + np.frexp(np.abs(whole).astype(np.float64))[1]).max()) >= BITS:
        whole, place = whole.astype(object), place.astype(object)
    return whole << (place - lowest), Fraction(1, 1 << -lowest)


@dataclass(frozen=True, eq=False)
class Cuts:
    """The steps of a monotone function y: rank >= k exactly where ``y >= at`` (``y > at`` if
    strict), k = 1..K.

    The places are ``at = slope * grid + start``: whole numbers, and per channel the rational map
    that they have gone through. Where slope is negative the function falls, and the condition is
    ``y <= at`` (``y < at`` if strict).

    Attributes
    ----------
    grid: (C, K) or (1, K) integers, rising in k; of int64, or Python's own where they are wider.
    slope, start: (C,) rationals; slope is not 0.
    strict: (C, K) or (1, K).
    fixed: (C, K) or (1, K): 1 where the step is always passed, -1 where it never is, 0 otherwise.
    """

    grid: Whole
    slope: Rationals
    start: Rationals
    strict: Bools
    fixed: npt.NDArray[np.int8]

    @staticmethod
    def rising(grid: Whole, strict: Bools, slope: Rationals, start: Rationals) -> Cuts:
        """Steps of a function that rises, slope > 0: none of them fixed."""
        return Cuts(grid, slope, start, strict, np.zeros((1, grid.shape[1]), dtype=np.int8))

    @property
    def falling(self) -> Bools:
        """(C,) where larger y has a lower rank."""
        return np.array([s < 0 for s in self.slope], dtype=np.bool_)

    @property
    def shape(self) -> tuple[int, int]:
        """Channels and steps."""
        return len(self.slope), int(self.grid.shape[1])

    def _inside(self, y: Rationals) -> Bools:
        """(C, K) whether y (C,) has passed each step, fixed ones aside: y has the place z on the
        grid, whichever way it runs.
        """
        z = (y - self.start) / self.slope
        above = np.array([ceil(v) for v in z], dtype=object)[:, None]
        whole = np.array([v.denominator == 1 for v in z], dtype=np.bool_)[:, None]
        if self.grid.dtype != object:
            ends = int(self.grid.min(initial=0)) - 1, int(self.grid.max(initial=0)) + 2
            above = np.clip(above, *ends).astype(np.int64)
        inside: Bools = (
            (self.grid < above) | ((self.grid == above) & whole & ~self.strict)
        ).astype(np.bool_)
        return inside

    def passed(self, y: Rationals) -> Bools:
        """(C, K) whether y (C,) has passed each step."""
        return np.where(self.fixed == 0, self._inside(y), self.fixed > 0)

    def before_affine(self, gain: Rationals, offset: Rationals) -> Cuts:
        """The steps of x where ``y = gain * x + offset``, per channel."""
        zero = np.array([g == 0 for g in gain], dtype=np.bool_)
        divisor = where(~zero, gain, Fraction(1))
        fixed = self.fixed
        if zero.any():
            constant = np.where(self.passed(offset), 1, -1).astype(np.int8)
            fixed = np.where(zero[:, None], constant, fixed)
        return replace(
            self, slope=self.slope / divisor, start=(self.start - offset) / divisor, fixed=fixed
        )

    def before_relu(self) -> Cuts:
        """The steps of x where ``y = max(x, 0)``."""
        at_zero, falling = self._inside(self.start * 0), self.falling[:, None]
        fixed = np.where(
            self.fixed != 0,
            self.fixed,
            np.where(at_zero & ~falling, 1, np.where(~at_zero & falling, -1, 0)),
        )
        return replace(self, fixed=fixed.astype(np.int8))


def rounding_cuts(rounding: str, low: int, high: int, name: str) -> tuple[Ints, Bools]:
    """Where round(z) reaches low+1, ..., high: positions (1, K) in halves, and strictness (1, K).

    Raises UnsupportedError naming ``name``.
    """
    levels = np.arange(low + 1, high + 1, dtype=np.int64)[None]
    positive, even = levels > 0, levels % 2 == 0
    table: dict[str, tuple[Any, Any]] = {
        "ROUND": (1, ~even),
        "HALF_EVEN": (1, ~even),
        "HALF_UP": (1, ~positive),
        "HALF_DOWN": (1, positive),
        "FLOOR": (0, levels < low),
        "CEIL": (2, levels > low),
        "UP": (2 * positive, positive),
        "DOWN": (2 * ~positive, ~positive),
        "ROUND_TO_ZERO": (2 * ~positive, ~positive),
    }
    if rounding.upper() not in table:
        raise UnsupportedError(
            f"{name}: rounding mode must be one of {', '.join(ROUNDING)}, got {rounding}"
        )
    back, strict = table[rounding.upper()]
    return np.asarray(2 * levels - back, dtype=np.int64), strict


@dataclass(frozen=True, eq=False)
class Drive:
    """What reaches the activation, per channel: ``gain * v + skip_gain * x + offset``, v the
    accumulator and x the value of a residual.

    Attributes
    ----------
    gain, offset, skip_gain: (C,) rationals.
    low, high: (C,) reachable range of v.
    skip_values: (X,) all values that x takes; just 0 without a residual.
    """

    gain: Rationals
    offset: Rationals
    skip_gain: Rationals
    low: Ints
    high: Ints
    skip_values: Ints


@dataclass(frozen=True, eq=False)
class Staircase:
    """Integer steps per channel in terms of m, which is v, or -v where ``negate``.

    Attributes
    ----------
    steps: (C, K, X): the first m in ``low .. high + 1`` at which the rank is at least k, for every
        value of the residual.
    low, high: (C,) reachable range of m.
    negate: (C,) 0 or 1.
    kappa: (C,) rationals: one unit of the residual moves the steps by -kappa.
    skip_values: (X,)
    """

    steps: Ints
    low: Ints
    high: Ints
    negate: Ints
    kappa: Rationals
    skip_values: Ints

    @cached_property
    def constant(self) -> Bools:
        """(C,) channels whose word is the same over the whole reachable range."""
        least, most = self.steps.min(axis=2), self.steps.max(axis=2)
        passed, never = most <= self.low[:, None], least > self.high[:, None]
        return np.asarray((passed | never).all(axis=1), dtype=np.bool_)

    def channels(self, part: slice) -> Staircase:
        """The same for some of the channels."""
        return Staircase(
            self.steps[part],
            self.low[part],
            self.high[part],
            self.negate[part],
            self.kappa[part],
            self.skip_values,
        )

    @property
    def constant_rank(self) -> Ints:
        """(C,) rank of the word at ``low``."""
        return np.asarray((self.steps[:, :, 0] <= self.low[:, None]).sum(axis=1), dtype=np.int64)


def _channel_steps(
    slope: Fraction, start: Fraction, back: Fraction, grid: Whole, strict: Bools, values: Ints
) -> Whole:
    """(K, X) steps of one channel, not yet clipped: the first m with ``m >= slope * grid + start -
    back * x`` (``>`` if strict).
    """
    common = lcm(slope.denominator, start.denominator, back.denominator)
    factor, offset, joined = (r.numerator * (common // r.denominator) for r in (slope, start, back))
    largest = [
        abs(f) * max(abs(int(a.max())), abs(int(a.min())))
        for f, a in ((factor, grid), (joined, values))
    ]
    if max(sum(largest) + abs(offset) + 1, abs(factor), abs(joined), common).bit_length() > BITS:
        grid, values = grid.astype(object), values.astype(object)
    # One more than the last integer below the place, or at it where that is not enough.
    numerators: Whole = (grid * factor)[:, None] + (offset - joined * values) - ~strict[:, None]
    return np.asarray(numerators // common + 1)


def staircase(drive: Drive, cuts: Cuts, tick: Tick = silent) -> Staircase:
    """The steps of an activation in terms of its accumulator. A channel with gain 0 is taken as v =
    0 with gain 1.

    ``tick`` hears of every channel's steps, once they are known.
    """
    channels, count = cuts.shape
    zero = np.array([g == 0 for g in drive.gain], dtype=np.bool_)
    gain = where(~zero, drive.gain, Fraction(1))
    low, high = np.where(zero, 0, drive.low), np.where(zero, 0, drive.high)
    negate = cuts.falling ^ np.array([g < 0 for g in gain], dtype=np.bool_)
    low, high = np.where(negate, -high, low), np.where(negate, -low, high)
    unit = np.where(negate, -1, 1) * gain
    slope, start, kappa = (
        cuts.slope / unit,
        (cuts.start - drive.offset) / unit,
        drive.skip_gain / unit,
    )
    grid, strict, fixed = (
        np.broadcast_to(a, (channels, count)) for a in (cuts.grid, cuts.strict, cuts.fixed)
    )
    steps = np.empty((channels, count, len(drive.skip_values)), dtype=np.int64)
    block = max(1, BLOCK // count)
    for c in range(channels):
        for first in range(0, len(drive.skip_values), block):
            part = slice(first, first + block)
            exact = _channel_steps(
                slope[c], start[c], kappa[c], grid[c], strict[c], drive.skip_values[part]
            )
            steps[c, :, part] = np.clip(exact, int(low[c]), int(high[c]) + 1)
        steps[c, fixed[c] > 0] = low[c]
        steps[c, fixed[c] < 0] = high[c] + 1
        tick(count)
    return Staircase(steps, low, high, negate.astype(np.int64), kappa, drive.skip_values)
