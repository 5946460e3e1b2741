"""A plan by what its scans take on calibration inputs: chosen by estimate, dealt and measured, and
chosen again by what was found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from spikeloom.errors import CapacityError
from spikeloom.ir.number import Ints
from spikeloom.mapping.estimate.cycles import ends, network_interval
from spikeloom.mapping.plan.plan import Plan
from spikeloom.mapping.search.bank_assignment import dealt

ROUNDS = 4


def settled(
    plan: Plan,
    trace: Mapping[str, Ints],
    choose: Callable[[Plan, float], Plan],
    goal: float,
    rounds: int = ROUNDS,
) -> Plan:
    """The first plan within ``goal`` cycles an image as measured, or the fastest of all rounds.

    Arguments: trace: as for :func:`spikeloom.mapping.search.bank_assignment.dealt`. choose: makes a
    plan within so many cycles as estimated, which are fewer where the round before was too slow,
    and half as much fewer where there is no such plan. Raises CapacityError where it finds none at
    first.
    """
    found: list[Plan] = []
    aim, least = goal, max(limit.cycles for limit in ends(plan.graph, plan.board))
    for _ in range(rounds):
        try:
            chosen = choose(plan, aim)
        except CapacityError:
            if not found:
                raise
            aim = (
                aim + goal
            ) / 2  # nothing is as fast as what would make up for the round before: half of that
            continue
        found.append(dealt(chosen, trace))
        cycles = network_interval(found[-1])
        if cycles <= goal:
            return found[-1]
        plan, aim = replace(plan, spread=found[-1].spread), max(least, aim * goal / cycles)
    return min(found, key=network_interval)
