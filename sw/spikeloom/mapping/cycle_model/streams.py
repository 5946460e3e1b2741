"""What lies between stages, as timed processes: source, fork, regroup, gather, FIFO, sink
(docs/explanation/engine.md, "Between stages").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import gcd

from spikeloom.mapping.cycle_model.events import Channel, Process, Times


def source(
    out: Channel, images: int, beats: int, offers: Sequence[int] | None, answered: Times | None
) -> Process:
    """Offers beat after beat; with ``answered`` an image only in the cycle after the last output of
    the one before.
    """
    now = 0
    for k in range(images * beats):
        if answered is not None and k and k % beats == 0:
            while len(answered) < k // beats:
                yield (answered,)
            now = max(now, answered[k // beats - 1] + 1)
        out.offer(max(now, offers[k]) if offers is not None else now)
        while len(out.done) <= k:
            yield (out.done,)
        now = out.done[k] + 1


def sink(
    into: Channel, count: int, values: int, accepts: Callable[[int], int] | None, answered: Times
) -> Process:
    """Takes ``count`` beats; every ``values``-th ends an image. ``accepts(t)`` is the first cycle
    >= t in which it is ready.
    """
    for k in range(count):
        while len(into.offers) <= k:
            yield (into.offers,)
        time = into.offers[k] if accepts is None else accepts(into.offers[k])
        into.ready(time)
        if (k + 1) % values == 0:
            answered.push(time)


def fork(into: Channel, branches: Sequence[Channel], count: int) -> Process:
    """Combinational; the producer's transfer is in the cycle of the last branch."""
    for k in range(count):
        while len(into.offers) <= k:
            yield (into.offers,)
        for branch in branches:
            branch.offer(into.offers[k])
        last = 0
        for branch in branches:
            while len(branch.done) <= k:
                yield (branch.done,)
            last = max(last, branch.done[k])
        into.ready(last)


def factors(i_group: int, o_group: int) -> list[tuple[bool, int]]:
    """The regroups of an edge in order: (down?, factor)."""
    common = gcd(i_group, o_group)
    steps = [(True, i_group // common), (False, o_group // common)]
    return [(down, factor) for down, factor in steps if factor > 1]


def regroup_up(into: Channel, out: Channel, factor: int, count: int) -> Process:
    """``factor`` beats to one; ``count`` outputs."""
    free = 0
    for k in range(count):
        into.ready(free)
        for _ in range(factor - 1):
            into.ready(0)
        while len(into.done) < (k + 1) * factor:
            yield (into.done,)
        out.offer(into.done[-1] + 1)
        while len(out.done) <= k:
            yield (out.done,)
        free = out.done[k]


def regroup_down(into: Channel, out: Channel, factor: int, count: int) -> Process:
    """One beat to ``factor``; ``count`` inputs."""
    free = 0
    for k in range(count):
        into.ready(free)
        while len(into.done) <= k:
            yield (into.done,)
        free = into.done[k]
        for j in range(k * factor, (k + 1) * factor):
            out.offer(free + 1)
            while len(out.done) <= j:
                yield (out.done,)
            free = out.done[j]


def fifo_in(into: Channel, out: Channel, depth: int, count: int) -> Process:
    """A beat enters while fewer than ``depth`` are inside, counted from registers."""
    for k in range(count):
        while len(out.done) <= k - depth:
            yield (out.done,)
        into.ready(out.done[k - depth] + 1 if k >= depth else 0)


def fifo_out(into: Channel, out: Channel, count: int) -> Process:
    free = 0
    for k in range(count):
        while len(into.done) <= k:
            yield (into.done,)
        out.offer(max(free, into.done[k] + 1))
        while len(out.done) <= k:
            yield (out.done,)
        free = out.done[k] + 1


def gather_in(into: Channel, emptied: Times, folds: int, count: int) -> Process:
    """Accepts ``count`` steps of ``folds`` results into two buffers; ``emptied`` has the last emit
    of every step.
    """
    for step in range(count):
        while len(emptied) < step - 1:
            yield (emptied,)
        into.ready(emptied[step - 2] + 1 if step >= 2 else 0)
        for _ in range(folds - 1):
            into.ready(0)


def gather_out(
    into: Channel, out: Channel, emptied: Times, folds: int, windows: int, count: int
) -> Process:
    free, beat = 0, 0
    for step in range(count):
        while len(into.done) < (step + 1) * folds:
            yield (into.done,)
        free = max(free, into.done[(step + 1) * folds - 1] + 1)
        for _ in range(folds * windows):
            out.offer(free)
            while len(out.done) <= beat:
                yield (out.done,)
            free = out.done[beat] + 1
            beat += 1
        emptied.push(free - 1)
