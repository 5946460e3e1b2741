"""The fastest plan that fits: a bisection over goals, each a fixed part less than the one
before.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log

from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.search.budget import tightest
from spikeloom.mapping.search.prices import Fit, Fitting
from spikeloom.progress import Progress

STEP = 1.005
"""A goal over the next one: the last half percent is not looked for."""


@dataclass(frozen=True, eq=False)
class Fastest:
    """Attributes
    ----------
    fit: the fastest plan that fits. bound: the resource that the next faster one has too little of,
        in words; empty where no folding is faster, whatever it takes.
    """

    fit: Fit
    bound: str


def fastest(
    fitting: Fitting, slowest: float, least: float, allowed: Cost, progress: Progress
) -> Fastest | None:
    """The plan of the fewest cycles that fits, from ``slowest`` down to ``least`` cycles; None
    where not even the slowest one fits.
    """
    last = max(0, ceil(log(slowest / least) / log(STEP)))
    found = fitting.fit(slowest, enough=True)
    if found is None:
        return None
    fits, fails, steps = 0, last + 1, 0
    while fails - fits > 1:
        progress("schedule", steps, (last + 1).bit_length())
        steps += 1
        middle = (fits + fails) // 2
        some = fitting.fit(max(least, slowest / STEP**middle), enough=True)
        if some is None:
            fails = middle
        else:
            fits, found = middle, some
    smallest = fitting.fit(max(least, slowest / STEP**fits))
    best = smallest if smallest is not None and smallest.share <= 1 else found
    beyond = fitting.fit(max(least, slowest / STEP**fails)) if fails <= last else None
    return Fastest(best, "" if beyond is None else tightest(beyond.need, allowed)[0])
