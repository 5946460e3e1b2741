"""Exact staircases: at which integer does a quantized activation take its next step?

Everything between an accumulator v and the word that leaves a layer is monotone: affine maps (batch norm, bias, scales),
ReLU and a quantizer. So the source network is, per channel, a list of integers: the first v at which the word has at
least rank k. They are computed here in rational arithmetic from the float constants as they stand in the file, and
everything that the compiler builds is compared with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from spikeloom.code import Ints
from spikeloom.errors import UnsupportedError

Rationals = npt.NDArray[np.object_]
"""Array of fractions.Fraction."""

Bools = npt.NDArray[np.bool_]

ROUNDING = ("ROUND", "HALF_EVEN", "HALF_UP", "HALF_DOWN", "FLOOR", "CEIL", "UP", "DOWN", "ROUND_TO_ZERO")
"""Rounding modes of QONNX. HALF_UP, HALF_DOWN, UP and DOWN are symmetric about zero, as qonnx computes them."""


def rationals(values: Iterable[Any]) -> Rationals:
    """(C,) exact values of finite numbers (ints, floats, numpy scalars)."""
    exact = [v if isinstance(v, Fraction) else Fraction(v.item() if isinstance(v, np.generic) else v) for v in values]
    array = np.empty(len(exact), dtype=object)
    array[:] = exact
    return array


def where(condition: Bools, a: Rationals, b: Rationals | Fraction) -> Rationals:
    """Elementwise choice between exact numbers, same shape."""
    chosen: Rationals = np.where(condition, a, np.array(b, dtype=object))
    return chosen


@dataclass(frozen=True, eq=False)
class Cuts:
    """The steps of a monotone function y: rank >= k exactly where ``y >= at`` (``y > at`` if strict), k = 1..K.

    Attributes
    ----------
    at: (C, K) rationals, rising in k (falling where ``falling``).
    strict: (C, K).
    fixed: (C, K) 1 where the step is always passed, -1 where it never is, 0 otherwise.
    falling: (C,) where set, the condition is ``y <= at`` (``y < at`` if strict).
    """

    at: Rationals
    strict: Bools
    fixed: npt.NDArray[np.int8]
    falling: Bools

    @staticmethod
    def rising(at: Rationals, strict: Bools) -> Cuts:
        return Cuts(at, strict, np.zeros(at.shape, dtype=np.int8), np.zeros(len(at), dtype=np.bool_))

    def passed(self, y: Rationals) -> Bools:
        """(C, K) whether y (C,) has passed each step."""
        value, falling = y[:, None], self.falling[:, None]
        beyond = np.where(falling, value < self.at, value > self.at)
        inside: Bools = (beyond | ((value == self.at) & ~self.strict)).astype(np.bool_)
        return np.where(self.fixed == 0, inside, self.fixed > 0)

    def before_affine(self, gain: Rationals, offset: Rationals) -> Cuts:
        """The steps of x where ``y = gain * x + offset``, per channel."""
        zero = np.array([g == 0 for g in gain], dtype=np.bool_)
        divisor = where(~zero, gain, Fraction(1))
        constant = np.where(self.passed(offset), 1, -1).astype(np.int8)
        return Cuts(
            (self.at - offset[:, None]) / divisor[:, None],
            self.strict,
            np.where(zero[:, None], constant, self.fixed),
            self.falling ^ np.array([g < 0 for g in gain], dtype=np.bool_),
        )

    def before_relu(self) -> Cuts:
        """The steps of x where ``y = max(x, 0)``."""
        below = (self.at < 0).astype(np.bool_)
        at_zero = (self.at == 0).astype(np.bool_)
        always = ~self.falling[:, None] & (below | (at_zero & ~self.strict))
        never = self.falling[:, None] & (below | (at_zero & self.strict))
        fixed = np.where(self.fixed != 0, self.fixed, np.where(always, 1, np.where(never, -1, 0))).astype(np.int8)
        return replace(self, fixed=fixed)


def rounding_cuts(rounding: str, low: int, high: int, name: str) -> tuple[Rationals, Bools]:
    """Where round(z) reaches low+1, ..., high: positions (K,) and strictness (K,). Raises UnsupportedError naming ``name``."""
    levels = np.arange(low + 1, high + 1, dtype=np.int64)
    half, positive, even = Fraction(1, 2), levels > 0, levels % 2 == 0
    table: dict[str, tuple[Any, Any]] = {
        "ROUND": (half, ~even),
        "HALF_EVEN": (half, ~even),
        "HALF_UP": (half, ~positive),
        "HALF_DOWN": (half, positive),
        "FLOOR": (0, levels < low),
        "CEIL": (1, levels > low),
        "UP": (positive.astype(np.int64), positive),
        "DOWN": ((~positive).astype(np.int64), ~positive),
        "ROUND_TO_ZERO": ((~positive).astype(np.int64), ~positive),
    }
    if rounding.upper() not in table:
        raise UnsupportedError(f"{name}: rounding mode must be one of {', '.join(ROUNDING)}, got {rounding}")
    back, strict = table[rounding.upper()]
    return rationals(levels.tolist()) - back, strict


@dataclass(frozen=True, eq=False)
class Drive:
    """What reaches the activation, per channel: ``gain * v + skip_gain * x + offset``, v the accumulator and x the value of a residual.

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
    steps: (C, K, X): the first m in ``low .. high + 1`` at which the rank is at least k, for every value of the residual.
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

    @property
    def constant(self) -> Bools:
        """(C,) channels whose word is the same over the whole reachable range."""
        inside = (self.steps > self.low[:, None, None]) & (self.steps <= self.high[:, None, None])
        moving = (self.steps != self.steps[:, :, :1]).any(axis=(1, 2))
        return np.asarray(~inside.any(axis=(1, 2)) & ~moving, dtype=np.bool_)

    @property
    def constant_rank(self) -> Ints:
        """(C,) rank of the word at ``low``."""
        return np.asarray((self.steps[:, :, 0] <= self.low[:, None]).sum(axis=1), dtype=np.int64)


def _channel_steps(gain: Fraction, drive: Drive, cuts: Cuts, c: int, negate: bool) -> Ints:
    """(K, X) steps of one channel, not yet clipped: exact ceilings over a common denominator."""
    sign = -1 if negate else 1
    ideal = [sign * (at - drive.offset[c]) / gain for at in cuts.at[c]]
    slope = sign * drive.skip_gain[c] / gain
    common = lcm(slope.denominator, *(z.denominator for z in ideal))
    numerators = np.array([z.numerator * (common // z.denominator) for z in ideal], dtype=object)[:, None]
    numerators = numerators - np.array([int(x) * slope.numerator * (common // slope.denominator) for x in drive.skip_values], dtype=object)
    return np.where(cuts.strict[c][:, None], numerators // common + 1, -(-numerators // common))


def staircase(drive: Drive, cuts: Cuts) -> Staircase:
    """The steps of an activation in terms of its accumulator. A channel with gain 0 is taken as v = 0 with gain 1."""
    channels, count = cuts.at.shape
    zero = np.array([g == 0 for g in drive.gain], dtype=np.bool_)
    gain = where(~zero, drive.gain, Fraction(1))
    low, high = np.where(zero, 0, drive.low), np.where(zero, 0, drive.high)
    negate = cuts.falling ^ np.array([g < 0 for g in gain], dtype=np.bool_)
    low, high = np.where(negate, -high, low), np.where(negate, -low, high)
    steps = np.empty((channels, count, len(drive.skip_values)), dtype=np.int64)
    for c in range(channels):
        exact = _channel_steps(gain[c], drive, cuts, c, bool(negate[c]))
        exact = np.clip(exact, int(low[c]), int(high[c]) + 1)
        exact[cuts.fixed[c] > 0] = int(low[c])
        exact[cuts.fixed[c] < 0] = int(high[c]) + 1
        steps[c] = exact.astype(np.int64)
    kappa = np.where(negate, -1, 1) * drive.skip_gain / gain
    return Staircase(steps, low, high, negate.astype(np.int64), kappa, drive.skip_values)
