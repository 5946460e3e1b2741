"""A plan without a goal of the user's: start with one of everything, and double what is slowest.

Until an interval of ``MODEST_INTERVAL`` cycles is reached, or the budget: half of the board, and of
its registers a fifth, so that small networks stay small; the block RAM of the smallest plan and
half as much again is allowed in any case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from spikeloom.mapping.estimate.cost import Cost
from spikeloom.mapping.estimate.cycles import Limit, limits
from spikeloom.mapping.plan.plan import Folding, Plan, Stage
from spikeloom.mapping.search.budget import over, total

MODEST_INTERVAL = 2_000
MAX_WINDOWS = 8
MAX_BANKS = 8


def grow(plan: Plan, fixed: set[str], goal: float, wish: Cost, most: Cost) -> Plan:
    """Double the slowest until all limits are within ``goal``, nothing helps, or ``wish`` would be
    exceeded.
    """
    spare = total(plan).bram18 * 3 // 2
    wish = replace(wish, bram18=min(max(wish.bram18, spare), most.bram18))
    while True:
        slowest = max(limits(plan), key=lambda limit: limit.cycles)
        if slowest.cycles <= goal:
            return plan
        for name, folding in moves(plan, slowest):
            if name in fixed:
                continue
            larger = plan.folded(plan.foldings | {name: folding})
            limit = next(
                item
                for item in limits(larger)
                if (item.stage, item.what) == (slowest.stage, slowest.what)
            )
            if limit.cycles < 0.95 * slowest.cycles and not over(total(larger), wish):
                plan = larger
                break
        else:
            return plan


def moves(plan: Plan, limit: Limit) -> Iterator[tuple[str, Folding]]:
    """What may relieve a limit, best first: (stage, its new folding)."""
    if limit.what in ("memory port", "output"):
        return
    stage = plan[limit.stage]
    if limit.what == "neurons":
        neurons = doubled(stage.folding.neurons, stage.folding.elements)
        if neurons:
            yield stage.name, replace(stage.folding, neurons=neurons)
    if limit.what in ("input", "skip input"):
        edge = next(
            e
            for e in plan.edges
            if e.target == stage.name and (e.port == "i") == (limit.what == "input")
        )
        if edge.source != plan.graph.input.name:
            producer = plan[edge.source]
            yield from (
                (producer.name, folding)
                for folding in wider(producer)
                if folding.elements > producer.folding.elements
            )
        yield from ((stage.name, folding) for folding in wider(stage) if folding != stage.folding)
        return
    yield from ((stage.name, folding) for folding in wider(stage))


def wider(stage: Stage) -> Iterator[Folding]:
    """Elements first, then the second port, then windows, then banks."""
    f, body = stage.folding, stage.body
    windows = doubled(f.windows, stage.o_shape[2], MAX_WINDOWS)
    inputs, outputs = stage.i_shape[0] // stage.groups, stage.o_shape[0] // stage.groups
    if body.by_channel:
        elements = doubled(f.elements, stage.i_shape[0])
        if elements:
            yield replace(f, group=elements, elements=elements)
    else:
        elements = doubled(f.elements, outputs)
        if elements:
            yield replace(f, elements=elements)
        if body.skips and f.ports == 1:
            yield replace(f, ports=2)
    if windows:
        yield replace(f, windows=windows)
    if not body.by_channel and not body.skips:
        group = doubled(f.group, inputs)
        if group:
            yield replace(f, group=group)
    if body.skips:
        group = doubled(f.group, inputs)
        if group and group % f.group == 0 and f.banks * (group // f.group) <= MAX_BANKS:
            yield replace(f, group=group, banks=f.banks * (group // f.group))
        banks = doubled(f.banks, f.group, MAX_BANKS)
        if banks:
            yield replace(f, banks=banks)


def doubled(value: int, whole: int, largest: int | None = None) -> int | None:
    """The least divisor of ``whole`` that is at least twice ``value``, the largest if there is
    none, None if that is no more.
    """
    found = [d for d in range(value + 1, min(whole, largest or whole) + 1) if whole % d == 0]
    return next((d for d in found if d >= 2 * value), found[-1] if found else None)
